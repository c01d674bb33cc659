"""Someone comes to the playground with something: an edit, a window, an experiment."""

import json
import re

from starlette.testclient import TestClient

from app.store.engine import open_session
from tests.pages.loaded import FakeModel
from tests.pages.playing import ABLATE, HERE, kept, run, spoil, values
from tests.store import rows

UNIT = "/m/synthetic/mlp.0/5"


def test_a_neuron_s_page_leads_to_its_ablation_on_its_strongest_window(
    own_pages: TestClient, model: FakeModel
) -> None:
    page = own_pages.get(UNIT).text
    links = {
        said: href
        for href, said in re.findall(r'<a href="([^"]*playground[^"]*)"[^>]*>(\w+)<', page)
    }
    ablating = own_pages.get(links["Ablate"].replace("&amp;", "&")).text
    assert values(ablating, "place") == ["mlp.0/5"]
    assert re.search(r'value="zero" selected', ablating)
    assert re.search(r'name="kind" value="tokens" checked', ablating)
    ids = re.search(r'<textarea id="prompt-tokens"[^>]*>\s*([\d ]+)</textarea>', ablating)
    assert ids is not None
    assert len(ids[1].split()) == 16
    steering = own_pages.get(links["Steer"].replace("&amp;", "&")).text
    assert values(steering, "place") == ["resid.0"]
    assert values(steering, "other") == ["mlp.0/5"]
    assert float(values(steering, "value")[0]) > 0
    assert model.asked == []


def test_a_head_is_ablated_and_not_steered_with(own_pages: TestClient) -> None:
    page = own_pages.get("/m/synthetic/attn.0/1").text
    assert ">Ablate<" in page
    assert ">Steer<" not in page


def test_an_exemplar_is_sent_as_the_tokens_that_it_has(own_pages: TestClient) -> None:
    page = own_pages.get(UNIT).text
    found = re.search(r'<a class="send" href="([^"]*window=[^"]*)">open in playground', page)
    assert found is not None
    shown = own_pages.get(found[1].replace("&amp;", "&")).text
    number = int(found[1].rpartition("%3A" if "%3A" in found[1] else ":")[2])
    windows = own_pages.get("/api/v1/models/synthetic").json()["current_run_id"]
    stored = own_pages.get(f"/api/v1/runs/{windows}/windows", params={"limit": 200}).json()
    ids = next(one["token_ids"] for one in stored["items"] if one["number"] == number)
    assert " ".join(map(str, ids)) in shown


def test_a_window_that_is_not_there_is_not_found(own_pages: TestClient) -> None:
    assert own_pages.get(f"{HERE}?window=1:99999").status_code == 404
    assert own_pages.get(f"{HERE}?window=99:0").status_code == 404
    assert own_pages.get(f"{HERE}?window=x").status_code == 422


def test_a_window_of_another_model_is_not_found(pages: TestClient) -> None:
    models = pages.get("/api/v1/models").json()
    one, other = (pages.get(f"/api/v1/models/{model['name']}").json() for model in models)
    window = {"window": f"{other['current_run_id']}:0"}
    assert pages.get(f"/m/{other['name']}/playground", params=window).status_code == 200
    refused = pages.get(f"/m/{one['name']}/playground", params=window)
    assert refused.status_code == 404
    assert f"it is of {other['name']}" in refused.text


def test_an_experiment_of_another_version_cannot_fill_the_form(
    own_pages: TestClient, model: FakeModel
) -> None:
    slug = kept(own_pages)
    spoil(own_pages, slug)
    refused = own_pages.get(f"{HERE}?experiment={slug}")
    assert refused.status_code == 409
    assert "stored by another version" in refused.text
    assert model.asked


def test_a_line_of_the_address_that_cannot_be_read_stays_to_be_mended(
    own_pages: TestClient,
) -> None:
    page = own_pages.get(HERE, params={"edit": "mlp.0/5 = ", "text": "Hello"})
    assert page.status_code == 200
    assert values(page.text, "add") == ["mlp.0/5 = "]
    assert "is no number" in page.text
    assert "mlp.12/345 = 0" in page.text


def test_a_fork_begins_with_all_that_was_asked(own_pages: TestClient, model: FakeModel) -> None:
    steering = {"place": "resid.0", "operation": "add", "value": "-2.5", "other": "mlp.0/3",
            "where": "1, 3"}  # fmt: skip
    slug = kept(
        own_pages, **steering, controls="4", seed="11", targets="#5", chained="true", lens="1"
    )
    page = own_pages.get(f"{HERE}?experiment={slug}&fork=true").text
    shown = {name: values(page, name)[:1] for name in ("place", "value", "other", "where")}
    assert shown == {"place": ["resid.0"], "value": ["-2.5"], "other": ["mlp.0/3"],
                     "where": ["1, 3"]}  # fmt: skip
    assert values(page, "controls") == ["4"]
    assert "11" in values(page, "seed")
    assert values(page, "targets") == ["#5"]
    assert values(page, "lens") == ["1"]
    assert values(page, "parent") == [slug]
    assert re.search(r'name="chained" value="true" checked', page)
    forked = kept(own_pages, **steering, parent=slug)
    assert own_pages.get(f"/api/v1/experiments/{forked}").json()["parent"] == slug
    assert model.asked[-1].edits == model.asked[0].edits


def test_an_edit_that_no_row_can_say_is_carried_along(
    own_pages: TestClient, model: FakeModel
) -> None:
    vector = {"kind": "vector", "vector": [0.5] * 3}
    edit = {"site": "resid.0", "operation": "add", "value": 2, "direction": vector}
    made = own_pages.post(
        "/api/v1/models/synthetic/experiments", json={"prompt": {"text": "A b"}, "edits": [edit]}
    )
    slug = made.json()["slug"]
    page = own_pages.get(f"{HERE}?experiment={slug}").text
    assert values(page, "place") == []
    assert 'name="kept"' in page
    carried = model.asked[-1].edits[0].model_dump_json(exclude_defaults=True)
    assert json.loads(carried)["direction"] == vector
    assert run(own_pages, kept=carried).status_code == 303
    assert model.asked[-1].edits == model.asked[0].edits
    dropped = run(own_pages, kept=carried, drop="0")
    assert dropped.status_code == 303
    assert model.asked[-1].edits == ()


def test_a_conversation_is_asked_in_turns_and_shown_again(
    own_pages: TestClient, model: FakeModel
) -> None:
    chat = {"kind": "chat", "role": ["system", "user"], "content": ["Be brief.", "Why?"]}
    slug = kept(own_pages, **chat)
    assert [turn.role for turn in model.asked[-1].prompt.turns] == ["system", "user"]
    page = own_pages.get(f"{HERE}?experiment={slug}").text
    assert re.search(r'name="kind" value="chat" checked', page)
    assert "Be brief.</textarea>" in page


def slider_of(client: TestClient, line: str) -> tuple[float, float] | None:
    page = client.get(HERE, params={"edit": line}).text
    found = re.search(r'<input type="range"[^>]*min="([^"]*)"\s+max="([^"]*)"', page)
    return None if found is None else (float(found[1]), float(found[2]))


def test_a_slider_goes_as_far_as_the_unit_does(own_pages: TestClient) -> None:
    unit = own_pages.get("/api/v1/models/synthetic/sites/mlp.0/units/5").json()
    fit = next(one for one in unit["statistics"] if one["split"] == "fit")
    ends = slider_of(own_pages, "mlp.0/5 = 0.01")
    assert ends is not None
    assert ends[0] <= min(fit["minimum"], 0)
    assert fit["maximum"] <= ends[1] <= 1.1 * fit["maximum"]
    assert slider_of(own_pages, "mlp.0/5 *= 0.5") == (-2, 2)
    assert slider_of(own_pages, "mlp.0/5 = 0") is None
    assert slider_of(own_pages, "mlp.0/5 = mean") is None


def test_a_slider_reaches_what_was_typed(own_pages: TestClient) -> None:
    ends = slider_of(own_pages, "mlp.0/5 = 40")
    assert ends is not None
    assert ends[1] == 40


def caption_of(client: TestClient, line: str) -> str:
    page = client.get(HERE, params={"edit": line}).text
    found = re.search(r'<span class="reach">([^<]*)</span>', page)
    assert found is not None
    return found[1]


def test_a_slider_says_what_is_known_of_the_unit_and_what_was_typed(
    own_pages: TestClient,
) -> None:
    unit = own_pages.get("/api/v1/models/synthetic/sites/mlp.0/units/5").json()
    fit = next(one for one in unit["statistics"] if one["split"] == "fit")
    within, beyond = (caption_of(own_pages, f"mlp.0/5 = {value}") for value in ("0.01", "40"))
    for told in (within, beyond):
        assert f"its maximum {fit['maximum']:.3g}," in told
        assert f"its minimum is {fit['minimum']:.3g},".replace("-", "−") in told
    assert "stretched" not in within
    assert beyond.endswith("to 40.0, stretched to hold 40.0")


def test_what_a_search_finds_can_be_ablated(pages: TestClient) -> None:
    found = pages.get("/search", params={"q": "fires", "model": "synthetic"}).text
    link = re.search(r'<a class="send" href="([^"]+)">ablate</a>', found)
    assert link is not None
    assert values(pages.get(link[1].replace("&amp;", "&")).text, "place")


def test_an_experiment_that_is_gone_or_of_another_model_is_not_found(
    own_pages: TestClient, model: FakeModel
) -> None:
    assert own_pages.get(f"{HERE}?experiment=nothing_here").status_code == 404
    slug = kept(own_pages)
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        session.add(rows.model("toy"))
    assert own_pages.get(f"/m/toy/playground?experiment={slug}").status_code == 404
    assert own_pages.get("/m/toy/playground").status_code == 200
    assert model.asked


def test_a_sweep_s_prompt_and_unit_are_taken_into_the_form(
    own_pages: TestClient, model: FakeModel
) -> None:
    form = {"text": "A b c", "site": "mlp.0", "how": "mean", "metric": "loss", "exact": "5"}
    answer = own_pages.post(f"{HERE}/sweep", data=form, follow_redirects=False)
    assert answer.status_code == 303
    asked = model.asked[-1]
    assert (asked.sites, asked.operation, asked.exact) == (("mlp.0",), "mean", 5)
    page = own_pages.get(answer.headers["location"]).text
    assert "0.987" in page
    assert 'class="sweep-scatter"' in page
    link = re.search(r'<a href="([^"]*)" data-add-edit="mlp\.0/5 = mean"', page)
    assert link is not None
    taken = own_pages.get(link[1].replace("&amp;", "&")).text
    assert values(taken, "place") == ["mlp.0/5"]
    assert "A b c</textarea>" in taken
    assert own_pages.post(f"{HERE}/sweep", data=form | {"site": ""}).status_code == 422


def test_the_edits_of_an_experiment_are_shown_as_typed(
    own_pages: TestClient, model: FakeModel
) -> None:
    page = own_pages.get(f"/experiments/{kept(own_pages, **ABLATE)}").text
    assert '<code class="edit-line">mlp.0/5 = 0</code>' in page
    assert model.asked
