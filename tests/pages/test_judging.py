"""Someone says what they make of an explanation, and then sees what others do."""

import re

import pytest
from starlette.testclient import TestClient

from app.store.engine import open_session
from app.store.judging import Rating, judge
from tests.pages.test_reading_a_circuit import words_of
from tests.pages.writing import save

FRAGMENT = {"hx-request": "true", "hx-target": "section#judgement"}


@pytest.fixture
def address(own_pages: TestClient) -> str:
    """Of an explanation that somebody else has judged."""
    made = save(own_pages, text="Articles")
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        judge(
            session,
            explanation_id=int(made.rpartition("/")[2]),
            actor="bo",
            rating=Rating("reject", 2, note="<b>No</b>", tags=("x<y",)),
        )
    return made


def panel(page: str) -> str:
    found = re.search(r'<section id="judgement".*?</section>', page, re.DOTALL)
    assert found is not None
    return found[0]


def test_others_are_hidden_until_one_has_judged(own_pages: TestClient, address: str) -> None:
    before = panel(own_pages.get(address).text)
    assert "1 other has judged it. What they say is shown once you have" in words_of(before)
    assert "&lt;b&gt;" not in before
    answer = own_pages.post(f"{address}/judgement", data={"verdict": "accept"})
    after = panel(answer.text)
    assert "&lt;b&gt;No&lt;/b&gt;" in after
    assert "x&lt;y" in after
    assert "bo reject 2" in words_of(after)


def test_without_javascript_the_page_comes_again_with_what_was_said(
    own_pages: TestClient, address: str
) -> None:
    form = {
        "verdict": "edit", "specificity": "3", "sensitivity": "", "several_meanings": "1",
        "tags": "syntax, , names", "note": "Only &",
    }  # fmt: skip
    answer = own_pages.post(f"{address}/judgement", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{address}#judgement")
    shown = panel(own_pages.get(address).text)
    assert re.search(r'value="edit"\s+required\s+checked', shown)
    assert re.search(r'name="specificity" value="3"\s+checked', shown)
    assert re.search(r'name="sensitivity" value=""\s+checked', shown)
    assert 'value="syntax, names"' in shown
    assert "Only &amp;</textarea>" in shown


def test_with_it_only_the_panel_comes(own_pages: TestClient, address: str) -> None:
    answer = own_pages.post(f"{address}/judgement", data={"verdict": "unsure"}, headers=FRAGMENT)
    assert answer.text.strip().startswith('<section id="judgement"')
    taken = own_pages.post(f"{address}/judgement/take-back", headers=FRAGMENT)
    assert "What they say is shown once you have" in taken.text


@pytest.mark.parametrize(
    "form", [{}, {"verdict": "maybe"}, {"verdict": "accept", "specificity": "6"}]
)
def test_what_is_no_judgement_is_refused(
    own_pages: TestClient, address: str, form: dict[str, str]
) -> None:
    assert own_pages.post(f"{address}/judgement", data=form).status_code == 422


def test_of_a_withdrawn_explanation_nobody_is_asked(own_pages: TestClient, address: str) -> None:
    own_pages.post(f"{address}/judgement", data={"verdict": "accept"})
    own_pages.post(f"{address}/withdraw")
    shown = panel(own_pages.get(address).text)
    assert "<form" not in shown
    assert "You said: accept." in words_of(shown)
    assert "bo reject" in words_of(shown)
    late = own_pages.post(f"{address}/judgement", data={"verdict": "accept"})
    assert late.status_code == 409


def test_over_rest_the_same(own_pages: TestClient, address: str) -> None:
    here = f"/api/v1/explanations/{address.rpartition('/')[2]}"
    assert own_pages.get(f"{here}/judgements").json()["others"] is None
    body = {"verdict": "accept", "sensitivity": 5, "tags": ["a"]}
    given = own_pages.put(f"{here}/judgement", json=body).json()
    assert (given["actor"], given["verdict"], given["tags"]) == ("local owner", "accept", ["a"])
    told = own_pages.get(f"{here}/judgements").json()
    assert (told["own"], [one["actor"] for one in told["others"]]) == (given, ["bo"])
    assert own_pages.delete(f"{here}/judgement").json()["own"] is None
    assert own_pages.get(f"{here}/judgements").json()["others"] is None
    assert own_pages.put(f"{here}/judgement", json={"verdict": "x"}).status_code == 422
    assert own_pages.put("/api/v1/explanations/999999/judgement", json=body).status_code == 404
