"""Someone tries a text of their own on a neuron."""

import pytest
from starlette.testclient import TestClient

from app.errors import InferenceError
from tests.pages.loaded import FakeModel
from tests.pages.playing import words

UNIT = "/m/synthetic/mlp.0/5"
FRAGMENT = {"hx-request": "true", "hx-target": "div#live"}


@pytest.mark.parametrize("headers", [{}, FRAGMENT])
def test_the_peak_is_told_and_compared_with_the_highest_stored(
    own_pages: TestClient, model: FakeModel, headers: dict[str, str]
) -> None:
    answer = own_pages.post(f"{UNIT}/live", data={"text": "one two three"}, headers=headers)
    assert answer.status_code == 200
    assert "Peak 2.00 at ·three, position 2" in words(answer.text)
    assert "of the highest on fit" in words(answer.text)
    assert 'class="strip"' in answer.text
    assert ("<!doctype html>" in answer.text) == (not headers)
    assert model.asked[-1].units[0].index == 5


def test_the_other_side_of_a_neuron_is_told_where_it_fires_below_0(
    own_pages: TestClient, model: FakeModel
) -> None:
    answer = own_pages.post(f"{UNIT}/live", data={"text": "one two three"})
    assert "Lowest" not in words(answer.text)
    model.sign = -1.0
    answer = own_pages.post(f"{UNIT}/live", data={"text": "one two three"})
    assert "Lowest −2.00 at ·three, position 2" in words(answer.text)


def test_what_was_tried_leads_to_the_playground(own_pages: TestClient, model: FakeModel) -> None:
    page = own_pages.post(f"{UNIT}/live", data={"text": "one & two"}).text
    assert "playground?text=one+%26+two" in page
    assert model.asked


def test_while_no_service_runs_the_box_says_so_and_the_page_is_whole(
    own_pages: TestClient, model: FakeModel
) -> None:
    model.refusal = InferenceError("Nothing runs.", hint="Start it.")
    answer = own_pages.post(f"{UNIT}/live", data={"text": "<b>mine"})
    assert answer.status_code == 503
    assert "Nothing runs." in answer.text
    assert "Start it." in answer.text
    assert "&lt;b&gt;mine</textarea>" in answer.text
    assert "Try any text" in own_pages.get(UNIT).text


def test_nothing_and_too_much_are_refused(own_pages: TestClient, model: FakeModel) -> None:
    assert own_pages.post(f"{UNIT}/live", data={"text": "  "}).status_code == 422
    assert own_pages.post(f"{UNIT}/live", data={"text": "x" * 20_001}).status_code == 422
    assert own_pages.post("/m/synthetic/mlp.0/999/live", data={"text": "a"}).status_code == 404
    assert own_pages.get(f"{UNIT}/live").status_code == 200
    assert model.asked == []


@pytest.mark.parametrize("site", ["foo", "resid.0", "mlp.9"])
def test_a_site_that_the_model_does_not_have_is_not_found(
    own_pages: TestClient, model: FakeModel, site: str
) -> None:
    answer = own_pages.post(f"/m/synthetic/{site}/5/live", data={"text": "one two"})
    assert answer.status_code == 404
    assert model.asked == []
