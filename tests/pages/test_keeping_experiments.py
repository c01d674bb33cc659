"""Someone names an experiment, runs it again, continues it, finds it in the list, deletes it."""

import re

from starlette.testclient import TestClient

from app.errors import InferenceError
from tests.pages.loaded import FakeModel
from tests.pages.playing import ABLATE, kept, run, spoil, words

LIST = "/m/synthetic/experiments"


def test_a_permalink_shows_the_stored_numbers_without_a_service(
    own_pages: TestClient, model: FakeModel
) -> None:
    slug = kept(own_pages)
    model.refusal = InferenceError("Nothing runs.")
    page = words(own_pages.get(f"/experiments/{slug}").text)
    for said in ("0.250", "0.125", "−4.50", "2.00 → 2.50", "float32 on cpu", "mlp.0/40"):
        assert said in page, said


def test_each_position_has_a_page_of_its_own_and_a_fragment(
    own_pages: TestClient, model: FakeModel
) -> None:
    slug = kept(own_pages)
    page = own_pages.get(f"/experiments/{slug}").text
    assert re.search(r'data-position="3"[^>]*aria-current="true"', page)
    other = own_pages.get(f"/experiments/{slug}?position=1").text
    assert "position 1 of 4" in words(other)
    headers = {"hx-request": "true", "hx-target": "section#at"}
    part = own_pages.get(f"/experiments/{slug}?position=1", headers=headers).text
    assert part.lstrip().startswith('<section id="at"')
    assert own_pages.get(f"/experiments/{slug}?position=4").status_code == 404
    assert len(model.asked) == 1


def test_tokens_are_sorted_by_how_much_they_changed(
    own_pages: TestClient, model: FakeModel
) -> None:
    part = own_pages.get(f"/experiments/{kept(own_pages)}").text
    table = part[part.index("pairs-table") :]
    assert table.index("falls</code>") < table.index("rises</code>") < table.index("stays</code>")
    assert model.asked


def test_running_again_tells_how_far_the_numbers_are_from_those_stored(
    own_pages: TestClient, model: FakeModel
) -> None:
    slug = kept(own_pages)
    again = own_pages.post(f"/experiments/{slug}/again")
    assert "every number is the same, to the last bit" in words(again.text)
    model.drift = 0.001
    differs = words(own_pages.post(f"/experiments/{slug}/again").text)
    assert "KL differs by at most 0.00100 nats" in differs
    assert model.asked[0] == model.asked[1] == model.asked[2]
    assert len(own_pages.get("/api/v1/models/synthetic/experiments").json()["items"]) == 1
    model.refusal = InferenceError("Nothing runs.")
    down = own_pages.post(f"/experiments/{slug}/again")
    assert down.status_code == 503
    assert "Nothing runs." in down.text
    assert "What that changed" in down.text


def test_a_name_and_a_note_are_given_and_found(own_pages: TestClient, model: FakeModel) -> None:
    slug, other = kept(own_pages), kept(own_pages, text="Another text")
    answer = own_pages.post(
        f"/experiments/{slug}/words", data={"name": "Cats <b>", "note": "Why & how"}
    )
    assert answer.status_code == 200
    assert "Cats &lt;b&gt;" in answer.text
    assert "Why &amp; how" in answer.text
    for query in ("?named=true", "?q=cats", "?q=WHY"):
        listed = own_pages.get(LIST + query).text
        assert f"/experiments/{slug}" in listed
        assert f"/experiments/{other}" not in listed
    assert "No experiment has such words" in own_pages.get(f"{LIST}?q=dogs").text
    taken = own_pages.post(f"/experiments/{slug}/words", data={"name": "", "note": ""})
    assert "Cats" not in taken.text
    assert model.asked


def test_an_experiment_is_deleted_and_leads_back_to_the_list(
    own_pages: TestClient, model: FakeModel
) -> None:
    slug = kept(own_pages)
    answer = own_pages.post(f"/experiments/{slug}/delete", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, LIST)
    assert own_pages.get(f"/experiments/{slug}").status_code == 404
    assert own_pages.post(f"/experiments/{slug}/delete").status_code == 404
    assert model.asked


def test_continuations_stand_side_by_side_and_are_kept(
    own_pages: TestClient, model: FakeModel
) -> None:
    slug = kept(own_pages)
    form = {"n_tokens": "3", "temperature": "0.5", "seed": "4", "control": "true"}
    page = own_pages.post(f"/experiments/{slug}/continue", data=form)
    assert page.status_code == 200
    for which in ("clean2", "edited2", "control2"):
        assert which in page.text
    asked = model.asked[-1]
    assert (asked.n_tokens, asked.temperature, asked.seed, asked.control) == (3, 0.5, 4, True)
    assert asked.edits == model.asked[0].edits
    assert "temperature 0.5, seed 4" in words(page.text)
    model.refusal = InferenceError("Nothing runs.")
    assert own_pages.post(f"/experiments/{slug}/continue", data=form).status_code == 503
    assert "edited2" in own_pages.get(f"/experiments/{slug}").text
    assert own_pages.post(f"/experiments/{slug}/continue", data={"n_tokens": 0}).status_code == 422


def test_an_experiment_of_another_version_is_not_continued(
    own_pages: TestClient, model: FakeModel
) -> None:
    slug = kept(own_pages)
    spoil(own_pages, slug)
    refused = own_pages.post(f"/experiments/{slug}/continue", data={"n_tokens": "3"})
    assert refused.status_code == 409
    assert "stored by another version" in refused.text
    assert len(model.asked) == 1


def test_a_generation_of_the_interface_has_a_page(own_pages: TestClient, model: FakeModel) -> None:
    body = {"prompt": {"text": "A b"}, "edits": [], "n_tokens": 2}
    with own_pages.stream("POST", "/api/v1/models/synthetic/generations", json=body) as stream:
        told = stream.read().decode()
    slug = re.findall(r'"slug":"([^"]+)"', told)[-1]
    page = own_pages.get(f"/experiments/{slug}")
    assert page.status_code == 200
    assert "edited1" in page.text
    assert own_pages.post(f"/experiments/{slug}/again").status_code == 409
    assert own_pages.get(f"/m/synthetic/playground?experiment={slug}").status_code == 200
    assert len(model.asked) == 1


def test_where_no_more_are_kept_nothing_is_run_and_the_page_says_what_to_do(
    own_pages: TestClient, model: FakeModel
) -> None:
    state = own_pages.app.state  # type: ignore[attr-defined]
    state.settings = state.settings.model_copy(update={"most_experiments": 1})
    slug = kept(own_pages)
    n_asked = len(model.asked)
    refused = run(own_pages, **ABLATE, seed=5)
    assert refused.status_code == 409
    assert "1 experiments are stored" in refused.text
    assert "PATCHCLAMP_MOST_EXPERIMENTS" in refused.text
    assert own_pages.post(f"/api/v1/experiments/{slug}/fork").status_code == 409
    body = {"prompt": {"text": "a"}, "edits": [], "n_tokens": 1}
    assert own_pages.post("/api/v1/models/synthetic/generations", json=body).status_code == 409
    assert len(model.asked) == n_asked
    assert own_pages.get(f"/experiments/{slug}").status_code == 200
    own_pages.delete(f"/api/v1/experiments/{slug}")
    assert run(own_pages, **ABLATE, seed=5).status_code == 303
