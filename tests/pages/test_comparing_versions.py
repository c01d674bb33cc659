"""Versions of a claim facing each other, and two people who edit one at once."""

import re

import pytest
from starlette.testclient import TestClient

from app.store.claiming import Claim, edit_explanation, withdraw_explanation
from app.store.engine import open_session
from tests.pages.test_reading_a_circuit import words_of
from tests.pages.writing import HERE, UNIT, save

BEFORE = 'when token in {" the"} -> 1\nwhen inside quotes -> 2\notherwise 0\n'
AFTER = 'when token in {" the"} -> 3\nwhen inside quotes -> 2\notherwise 0\n'


def number_of(address: str) -> int:
    return int(address.rpartition("/")[2])


@pytest.fixture
def versions(own_pages: TestClient) -> list[str]:
    """Addresses of two versions of a claim."""
    first = save(own_pages, text="Articles in <b>quotes</b>", program=BEFORE)
    form = {"edit": number_of(first), "text": "Articles in brackets", "program": AFTER}
    return [first, save(own_pages, **form)]


def test_the_explanations_page_leads_to_what_changed(
    own_pages: TestClient, versions: list[str]
) -> None:
    page = own_pages.get(versions[1]).text
    assert f'action="{versions[1]}/compare"' in page
    assert re.search(rf'value="{number_of(versions[0])}" selected>version 1', page)
    lead = f'<a href="{versions[1]}/compare">what changed'
    assert f"{lead} since version 1" in page
    assert lead in own_pages.get(f"{versions[1]}/versions").text
    assert f'<a href="{versions[0]}/compare">' not in page


def test_words_and_rules_that_changed_are_marked_on_both_sides(
    own_pages: TestClient, versions: list[str]
) -> None:
    page = own_pages.get(f"{versions[1]}/compare").text
    assert "Articles in <del>&lt;b&gt;quotes&lt;/b&gt;</del>" in page
    assert "Articles in <ins>brackets</ins>" in page
    assert "<ins>+3" in page or "<ins>3" in page
    assert "1 rule is the same" in words_of(page)


def test_the_older_one_stands_on_the_left_whichever_is_asked_from(
    own_pages: TestClient, versions: list[str]
) -> None:
    asked = {"other": number_of(versions[1])}
    assert (
        own_pages.get(f"{versions[0]}/compare", params=asked).text.count("<ins>brackets</ins>") == 1
    )


def test_a_first_version_has_none_before_it(own_pages: TestClient, versions: list[str]) -> None:
    assert "This is the first version" in own_pages.get(f"{versions[0]}/compare").text


def test_other_claims_are_not_compared(own_pages: TestClient, versions: list[str]) -> None:
    other = number_of(save(own_pages, text="Ships"))
    answered = own_pages.get(f"{versions[0]}/compare", params={"other": other})
    assert answered.status_code == 404


def test_over_rest_the_same(own_pages: TestClient, versions: list[str]) -> None:
    here = f"/api/v1/explanations/{number_of(versions[1])}/compare"
    told = own_pages.get(here).json()
    assert (told["before"]["version"], told["after"]["version"]) == (1, 2)
    assert [one["change"] for one in told["program"]["rules"]] == ["changed", "same"]
    assert told["program"]["rules"][0]["after"]["level"] == 3
    assert own_pages.get(here, params={"other": 999_999}).status_code == 404


def test_who_saves_second_is_told_keeps_what_they_typed_and_sees_the_difference(
    own_pages: TestClient, versions: list[str]
) -> None:
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        theirs = edit_explanation(
            session, explanation_id=number_of(versions[1]), actor="bo",
            claim=Claim("Articles in brackets, mostly"),
        )  # fmt: skip
    mine = {"edit": number_of(versions[1]), "text": "All <articles>", "program": BEFORE}
    late = own_pages.post(HERE, data=mine)
    assert late.status_code == 409
    said = words_of(late.text)
    assert "bo saved a version while you were writing" in said
    assert "All &lt;articles&gt;</textarea>" in late.text
    assert "<ins>, mostly</ins>" in late.text  # what they changed
    assert "<del>Articles in brackets, mostly</del>" in late.text  # and yours against it
    assert f'name="edit" value="{theirs.id}"' in late.text
    again = mine | {"edit": theirs.id}
    saved = own_pages.post(HERE, data=again, follow_redirects=False)
    assert saved.status_code == 303
    told = own_pages.get(f"{saved.headers['location']}/compare").text
    assert "version 4" in words_of(told)


def test_of_what_was_withdrawn_meanwhile_what_was_typed_becomes_a_new_claim(
    own_pages: TestClient, versions: list[str]
) -> None:
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        withdraw_explanation(
            session, explanation_id=number_of(versions[1]), actor="bo", reason="Wrong unit."
        )
    late = own_pages.post(HERE, data={"edit": number_of(versions[1]), "text": "Mine"})
    assert late.status_code == 409
    assert "bo withdrew it while you were writing" in words_of(late.text)
    assert "Wrong unit." in late.text
    assert 'name="edit"' not in late.text
    assert "Mine</textarea>" in late.text


def test_scores_of_a_version_of_which_only_words_were_edited_are_said_to_be_of_the_program(
    own_pages: TestClient,
) -> None:
    first = save(own_pages, text="Articles", program=BEFORE)
    again = save(own_pages, text="Names of ships", program=BEFORE, edit=number_of(first))
    whole = save(own_pages, text="Names of ships", program=AFTER, edit=number_of(again))
    told = [
        own_pages.get(f"/api/v1/explanations/{number_of(one)}").json()["words_edited"]
        for one in (first, again, whole)
    ]
    assert told == [False, True, False]
    said = "Scores are of the program, not of these words"
    assert said in own_pages.get(again).text
    assert said not in own_pages.get(whole).text


def test_of_such_a_version_the_units_page_says_so_too(own_pages: TestClient) -> None:
    first = save(own_pages, text="Articles", program=BEFORE)
    assert "of the program, not of these words" not in own_pages.get(UNIT).text
    save(own_pages, text="Names of ships", program=BEFORE, edit=number_of(first))
    assert "of the program, not of these words" in own_pages.get(UNIT).text


def test_it_is_left_out_of_verdicts_against_scores(own_pages: TestClient) -> None:
    first = save(own_pages, text="Articles", program=BEFORE)
    again = save(own_pages, text="Names of ships", program=BEFORE, edit=number_of(first))
    own_pages.post(f"{again}/judgement", data={"verdict": "accept"})
    told = own_pages.get("/api/v1/models/synthetic/acceptance").json()
    assert (told["n_explanations"], told["n_words_edited"]) == (0, 1)
