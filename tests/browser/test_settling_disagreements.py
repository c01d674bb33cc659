"""A reviewer settles disagreements by keyboard; of two who edit at once, the second is told."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import expect
from sqlalchemy import delete

from app.store.claiming import Claim, create_explanation, edit_explanation
from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.tables import DecisionTable, ExplanationTable, JudgementTable
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import barriers, overflow

LIST = "/m/synthetic/disagreements"


@pytest.fixture
def disputed(app: FastAPI) -> Iterator[list[int]]:
    """Three explanations, those first of which people differ most; gone afterwards."""
    sayings = (("accept", "reject"), ("accept", "edit"), ("edit", "unsure"))
    with open_session(app.state.engine, commit=True) as session:
        numbers = []
        for place, verdicts in enumerate(sayings):
            made = create_explanation(
                session, model="synthetic", site="mlp.0", index=place, actor="ada",
                claim=Claim(f"Whales, number {place}"),
            )  # fmt: skip
            numbers.append(made.id)
            for actor, verdict in zip(("ada", "bo"), verdicts, strict=True):
                rating = Rating(verdict, note="Why I say so.")  # type: ignore[arg-type]
                judge(session, explanation_id=made.id, actor=actor, rating=rating)
    yield numbers
    with open_session(app.state.engine, commit=True) as session:
        session.execute(delete(JudgementTable).where(JudgementTable.explanation_id.in_(numbers)))
        session.execute(delete(DecisionTable).where(DecisionTable.explanation_id.in_(numbers)))
        session.execute(
            delete(ExplanationTable).where(ExplanationTable.text.startswith("Whales, number"))
        )


def test_disagreements_are_settled_one_after_the_other_by_keyboard(
    open_page: OpenPage, disputed: list[int]
) -> None:
    page = open_page(f"{LIST}/{disputed[0]}")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(rf"{LIST}/{disputed[1]}"))
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile(rf"{LIST}/{disputed[0]}"))
    page.keyboard.press("3")
    expect(page.get_by_role("radio", name="reject")).to_be_checked()
    reason = page.get_by_label("Why")
    expect(reason).to_be_focused()
    page.keyboard.type("Silent on 4 of 6.")
    expect(page.get_by_role("radio", name="reject")).to_be_checked()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(rf"{LIST}/{disputed[1]}\?decided={disputed[0]}"))
    expect(page.get_by_role("status").filter(has_text="is settled")).to_be_visible()
    page.goto(f"/m/synthetic/mlp.0/0/explanations/{disputed[0]}")
    expect(page.locator("#decided")).to_contain_text("Silent on 4 of 6.")


def test_what_was_typed_stays_where_somebody_was_faster(
    open_page: OpenPage, disputed: list[int]
) -> None:
    slow = open_page(f"{LIST}/{disputed[0]}", refused=409)
    fast = open_page(f"{LIST}/{disputed[0]}")
    fast.keyboard.press("1")
    fast.keyboard.type("First.")
    fast.keyboard.press("Control+Enter")
    fast.wait_for_url(re.compile("decided="))
    slow.keyboard.press("3")
    slow.keyboard.type("My own reason.")
    slow.keyboard.press("Control+Enter")
    expect(slow.get_by_role("alert")).to_contain_text("has decided meanwhile: accept")
    expect(slow.get_by_label("Why")).to_have_value("My own reason.")
    expect(slow.get_by_role("radio", name="reject")).to_be_checked()


def test_of_two_who_edit_at_once_the_second_sees_what_the_first_changed(
    open_page: OpenPage, app: FastAPI, disputed: list[int]
) -> None:
    page = open_page(f"/m/synthetic/mlp.0/2/explanations/new?edit={disputed[2]}", refused=409)
    with open_session(app.state.engine, commit=True) as session:
        edit_explanation(
            session, explanation_id=disputed[2], actor="bo",
            claim=Claim("Whales, number two and more"),
        )  # fmt: skip
    page.get_by_label("In words").fill("Whales, number 2, seldom")
    page.get_by_role("button", name="Save the new version").click()
    expect(page.get_by_role("alert")).to_contain_text("bo saved a version while you were writing")
    expect(page.get_by_label("In words")).to_have_value("Whales, number 2, seldom")
    expect(page.locator(".conflict ins", has_text="two and more")).to_be_visible()
    assert barriers(page) == []
    page.set_viewport_size({"width": 380, "height": 800})
    assert overflow(page) <= 0
    page.get_by_role("button", name="Save the new version").click()
    page.wait_for_url(re.compile(r"/explanations/\d+$"))
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="In words")).to_be_visible()
    assert barriers(page) == []


@pytest.mark.parametrize("look", ["light", "dark", "narrow"])
def test_what_reviewers_see_has_no_serious_barrier(
    open_page: OpenPage, disputed: list[int], look: str
) -> None:
    page = open_page(LIST, color_scheme="dark" if look == "dark" else "light")
    if look == "narrow":
        page.set_viewport_size({"width": 380, "height": 800})
    for path in (LIST, f"{LIST}/{disputed[0]}", "/m/synthetic/agreement"):
        page.goto(path)
        assert barriers(page) == [], path
        assert overflow(page) <= 0, path
