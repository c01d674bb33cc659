"""Someone runs edits in the playground."""

import re

import pytest
from starlette.testclient import TestClient

from analysis.protocol.experiments import ExperimentRequest
from analysis.protocol.sweeps import EditSweepRequest
from app.errors import BadRequestError, InferenceError, TooManyError
from tests.pages.loaded import FakeModel
from tests.pages.playing import ABLATE, HERE, TEXT, kept, run, run_in_place, values, words


def test_the_form_works_without_javascript(own_pages: TestClient, model: FakeModel) -> None:
    page = own_pages.get(HERE).text
    form = re.search(r'<form id="playground-form"[^>]*>', page)
    assert form is not None
    assert f'method="post" action="{HERE}"' in form[0]
    answer = run(own_pages, **ABLATE)
    assert answer.status_code == 303
    shown = own_pages.get(answer.headers["location"]).text
    assert "mean" in shown
    assert "0.250" in shown
    assert values(shown, "place") == ["mlp.0/5"]
    assert TEXT in shown
    assert len(model.asked) == 1


def test_what_is_asked_is_what_the_rows_say(own_pages: TestClient, model: FakeModel) -> None:
    rows = {
        "place": ["mlp.0/5", "attn.0/1", "resid.0"],
        "operation": ["set", "scale", "add"],
        "value": ["2.5", "0.5", "8"],
        "other": ["", "", "mlp.0/3"],
        "where": ["1, 2", "last 2", "all"],
    }
    assert run(own_pages, **rows, controls=3, seed=9, chained="true", lens="1").status_code == 303
    asked = model.asked[-1]
    assert [edit.name for edit in asked.edits] == ["mlp.0/5", "attn.0/1", "resid.0"]
    assert [edit.value for edit in asked.edits] == [2.5, 0.5, 8]
    assert asked.edits[0].positions.chosen == (1, 2)
    assert asked.edits[2].direction.unit.index == 3
    assert (asked.controls, asked.seed, asked.chained) == (3, 9, True)
    assert asked.wanted.lens_position == 1


def test_a_result_in_place_is_a_fragment_and_gives_the_page_its_address(
    own_pages: TestClient, model: FakeModel
) -> None:
    answer = run_in_place(own_pages, **ABLATE)
    assert answer.text.lstrip().startswith('<section id="result"')
    assert re.fullmatch(rf"{HERE}\?experiment=[\w-]+", answer.headers["hx-replace-url"])
    assert 'id="tokens" class="tokens" hx-swap-oob="true"' in answer.text
    assert model.asked


def test_a_typed_line_becomes_a_row(own_pages: TestClient, model: FakeModel) -> None:
    answer = run_in_place(own_pages, **ABLATE, add="resid.0 += 8 * mlp.0/3 @ last 2")
    rows = answer.text[answer.text.index('id="edits"') :]
    assert values(rows, "place") == ["mlp.0/5", "resid.0"]
    assert values(rows, "where") == ["all", "last 2"]
    assert values(rows, "add") == [""]
    assert len(model.asked[-1].edits) == 2


def test_rows_that_did_not_change_are_left_alone(own_pages: TestClient, model: FakeModel) -> None:
    answer = run_in_place(own_pages, **ABLATE, drawn="mlp.0/5:zero")
    assert 'id="edits"' not in answer.text
    other = run_in_place(own_pages, **(ABLATE | {"operation": "mean"}), drawn="mlp.0/5:zero")
    assert 'id="edits"' in other.text
    assert len(model.asked) == 2


def test_a_row_is_removed_by_its_button(own_pages: TestClient, model: FakeModel) -> None:
    rows = {name: [value, value] for name, value in ABLATE.items()}
    rows["place"] = ["mlp.0/5", "mlp.0/6"]
    run_in_place(own_pages, **rows, remove="0")
    assert [edit.name for edit in model.asked[-1].edits] == ["mlp.0/6"]


def test_another_control_and_more_controls_are_a_button_away(
    own_pages: TestClient, model: FakeModel
) -> None:
    first = run_in_place(own_pages, **ABLATE).text
    assert "mlp.0/40" in first
    assert "2.0 times the control" in words(first).lower()
    other = run_in_place(own_pages, **ABLATE, another="true").text
    assert "mlp.0/41" in other
    assert values(other, "seed")[-1] == "1"
    many = run_in_place(own_pages, **ABLATE, more="8").text
    assert model.asked[-1].controls == 8
    assert 'class="spread"' in many
    assert many.count("<circle") == 8


@pytest.mark.parametrize(("controls", "said"), [(1, "draw another"), (8, "draw 8 others")])
def test_the_button_says_how_many_controls_it_draws(
    own_pages: TestClient, model: FakeModel, controls: int, said: str
) -> None:
    page = run_in_place(own_pages, **ABLATE, controls=controls).text
    assert f'name="another" value="true">{said}</button>' in page
    assert ('value="8">8 controls<' in page) == (controls < 8)
    assert ('value="1">only 1 control<' in page) == (controls > 1)
    assert model.asked


def test_without_a_control_there_is_no_other_to_draw(
    own_pages: TestClient, model: FakeModel
) -> None:
    page = run_in_place(own_pages, **ABLATE, controls=0).text
    assert 'name="another"' not in page
    assert "8 controls</button>" in page
    assert model.asked


@pytest.mark.parametrize("form", [{"controls": "8"}, {"more": "8"}])
def test_after_a_run_the_summary_says_what_was_measured(
    own_pages: TestClient, model: FakeModel, form: dict[str, str]
) -> None:
    page = run_in_place(own_pages, **ABLATE, **form).text
    assert page.count('id="measured-said"') == 1
    assert "Measured: 8 controls, seed 0" in words(page)
    assert model.asked


def test_a_row_is_removed_by_a_word_and_not_by_the_sign_of_times(
    own_pages: TestClient,
) -> None:
    page = own_pages.get(HERE, params={"edit": "resid.0 += 8 * mlp.0/3"}).text
    assert 'aria-label="Remove edit 1">remove</button>' in page
    assert page.count(">×<") == 1


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"place": "mlp.0"}, "Edit 1: “mlp.0” is no unit"),
        ({"operation": "set", "value": "cat"}, "“cat” is no number"),
        ({"operation": "set", "value": "inf"}, "cannot be used"),
        ({"operation": "set", "value": "NaN"}, "cannot be used"),
        ({"operation": "explode"}, "cannot be edited so"),
        ({"where": "somewhere"}, "no position"),
        ({"add": "make it happy"}, "The line that is to be added"),
        ({"text": ""}, "The prompt is empty|the prompt is empty"),
        ({"kind": "tokens", "tokens": "1 two"}, "not all whole numbers"),
        ({"kind": "chat", "role": "user", "content": " "}, "the prompt is empty"),
        ({"targets": "Paris London town"}, "is not one token"),
        ({"targets": '""'}, "names no token"),
        ({"targets": " " * 4990 + "#x"}, "names no token"),
        ({"targets": "a" + " " * 4990 + "b#"}, "names no token"),
        ({"targets": "Paris, ,London"}, "names no token"),
        ({"add": "mlp.0/1 = " + " " * 90_000}, "characters is too long"),
        ({"lens": "9000"}, "The logit lens cannot be read at position 9000"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    own_pages: TestClient, model: FakeModel, form: dict[str, str], told: str
) -> None:
    given = {"text": "Mine & yours"} | ABLATE | form
    answer = run(own_pages, **given)
    assert answer.status_code == 422
    assert re.search(told, words(answer.text).replace("&#34;", '"')), words(answer.text)[:2000]
    assert values(answer.text, "place") == [given["place"]]
    if "text" not in form:
        assert "Mine &amp; yours</textarea>" in answer.text
    assert own_pages.get("/api/v1/models/synthetic/experiments").json()["items"] == []
    assert not [one for one in model.asked if isinstance(one, ExperimentRequest)]


def test_more_edits_than_are_made_at_once_are_refused(
    own_pages: TestClient, model: FakeModel
) -> None:
    rows = {name: [value] * 130 for name, value in ABLATE.items()}
    carried = ['{"site": "mlp.0", "index": 1, "operation": "zero"}'] * 127
    answer = run(own_pages, **rows, kept=carried)
    assert answer.status_code == 422
    assert "257 edits are too many" in words(answer.text)
    assert model.asked == []


@pytest.mark.parametrize(("given", "most"), [({}, 8), ({"exact": "3"}, 3)])
def test_a_sweep_of_the_whole_model_runs_the_best_of_every_site_alone(
    own_pages: TestClient, model: FakeModel, given: dict[str, str], most: int
) -> None:
    form = {"text": TEXT, "site": "all", **given}
    own_pages.post(f"{HERE}/sweep", data=form, follow_redirects=False)
    (asked,) = [one for one in model.asked if isinstance(one, EditSweepRequest)]
    assert (asked.sites, asked.exact) == (None, most)


@pytest.mark.parametrize("site", ["foo", "resid.0", "mlp.00"])
def test_a_sweep_of_what_is_no_site_is_refused(
    own_pages: TestClient, model: FakeModel, site: str
) -> None:
    answer = own_pages.post(f"{HERE}/sweep", data={"text": TEXT, "site": site})
    assert answer.status_code == 422
    assert f"“{site}” is no site whose units can be edited" in words(answer.text)
    assert model.asked == []


def test_a_refusal_of_the_service_is_shown_with_its_reason(
    own_pages: TestClient, model: FakeModel
) -> None:
    model.refusal = BadRequestError("mlp.0/5 is edited twice at position 1.", hint="Take one away.")
    for answer in (run(own_pages, **ABLATE), run_in_place(own_pages, **ABLATE)):
        assert answer.status_code == 422
        assert "mlp.0/5 is edited twice" in answer.text
        assert "Take one away." in answer.text


def test_a_line_that_is_refused_stays_typed_and_becomes_no_row(
    own_pages: TestClient, model: FakeModel
) -> None:
    model.refusal = BadRequestError("The model has no site mlp.99.", hint="Take one that it has.")
    for ask in (run, run_in_place):
        page = ask(own_pages, **ABLATE, add="mlp.99/1 = 0").text
        assert "no site mlp.99" in page
        assert values(page, "add") == ["mlp.99/1 = 0"]
        assert values(page, "place") == ["mlp.0/5"]


def test_a_busy_service_says_when_to_come_again(own_pages: TestClient, model: FakeModel) -> None:
    model.refusal = TooManyError("Too many wait.", retry_after=3)
    answer = run_in_place(own_pages, **ABLATE)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


def test_while_no_service_runs_the_page_says_so_and_stored_results_are_shown(
    own_pages: TestClient, model: FakeModel
) -> None:
    slug = kept(own_pages)
    model.refusal = InferenceError("Nothing runs.")
    page = own_pages.get(f"{HERE}?experiment={slug}")
    assert page.status_code == 200
    assert "The inference service is not running" in page.text
    assert "What that changed" in page.text
    assert run(own_pages, **ABLATE).status_code == 503


def test_while_the_service_is_stuck_the_page_says_on_what(
    own_pages: TestClient, model: FakeModel
) -> None:
    model.stuck = "The inference service is stuck: tokenize of the model 'toy' still goes on."
    page = own_pages.get(HERE).text
    assert "Nothing can be run now" in page
    assert "tokenize of the model &#39;toy&#39; still goes on" in page
    ready = own_pages.get("/readyz").json()
    assert (ready["inference"], ready["inference_detail"]) == ("stuck", model.stuck)
    assert "patchclamp_inference_up 0.0" in own_pages.get("/metrics").text


def test_tokens_that_are_named_are_followed(own_pages: TestClient, model: FakeModel) -> None:
    slug = kept(own_pages, targets='cat, #3, " dog"')
    asked = model.asked[-1]
    assert asked.wanted.targets == (100, 3)
    page = own_pages.get(f"/experiments/{slug}").text
    assert "Tokens that you follow" in page
    assert "+2.50" in page


def test_a_prompt_is_cut_into_tokens_before_anything_is_run(
    own_pages: TestClient, model: FakeModel
) -> None:
    headers = {"hx-request": "true", "hx-target": "div#tokens"}
    answer = own_pages.post(f"{HERE}/tokens", data={"text": TEXT}, headers=headers)
    assert answer.text.count("data-token=") == 4
    assert "4 tokens" in words(answer.text)
    chat = {"kind": "chat", "role": ["system", "user"], "content": ["", "Hello there"]}
    told = own_pages.post(f"{HERE}/tokens", data=chat, headers=headers)
    assert "has no chat template" in told.text
    assert [turn.role for turn in model.asked[-1].prompts[0].turns] == ["user"]


def test_a_model_that_is_not_there_has_no_playground(
    own_pages: TestClient, model: FakeModel
) -> None:
    assert own_pages.get("/m/nothing/playground").status_code == 404
    answer = own_pages.post("/m/nothing/playground", data={"text": "a"})
    assert answer.status_code == 404
    assert model.asked == []


def test_what_the_form_itself_refuses_is_told_where_the_result_would_be(
    own_pages: TestClient, model: FakeModel
) -> None:
    answer = run_in_place(own_pages, **ABLATE, controls="999")
    assert answer.status_code == 422
    assert answer.text.startswith('<div id="result"')
    assert "controls" in answer.text
    assert "<!doctype" in run(own_pages, **ABLATE, text="x" * 100_001).text
    assert model.asked == []


def test_markup_in_prompts_edits_and_refusals_stays_text(
    own_pages: TestClient, model: FakeModel
) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    form = ABLATE | {"operation": "patch", "other": evil, "text": f"A {evil}"}
    slug = kept(own_pages, **form)
    own_pages.post(f"/experiments/{slug}/words", data={"name": evil, "note": evil})
    own_pages.post(f"/experiments/{slug}/continue", data={"n_tokens": 1})
    model.refusal = BadRequestError(evil, hint=evil)
    pages = [
        own_pages.get(f"/experiments/{slug}").text,
        own_pages.get(f"{HERE}?experiment={slug}").text,
        own_pages.get("/m/synthetic/experiments", params={"q": "<script>"}).text,
        own_pages.get(HERE, params={"edit": evil, "text": evil}).text,
        own_pages.post(f"/experiments/{slug}/again").text,
        run(own_pages, **form, add=evil, targets=evil).text,
        run_in_place(own_pages, **form).text,
    ]
    for page in pages:
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;" in page


def test_another_site_can_send_nothing(own_pages: TestClient, model: FakeModel) -> None:
    slug = kept(own_pages)
    n_asked = len(model.asked)
    kept_ones = [f"/experiments/{slug}/{do}" for do in ("again", "continue", "words", "delete")]
    here = [HERE, f"{HERE}/tokens", f"{HERE}/sweep", "/m/synthetic/mlp.0/5/live"]
    for path in here + kept_ones:
        answer = own_pages.post(path, data=ABLATE, headers={"origin": "https://evil.example"})
        assert answer.status_code == 403, path
    assert len(model.asked) == n_asked
