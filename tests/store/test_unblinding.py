"""Whoever has seen what others said of an item is not asked about it."""

from sqlalchemy import Engine

from app.auth.rights import RIGHTS, Right
from app.store.accounts.people import create_account
from app.store.deciding import Ruling, decide
from app.store.engine import open_session
from app.store.queries.asked_judgements import asked_of
from app.store.queries.campaign import get_progress
from app.store.queries.reviewer import REVIEWING, reviewers_among
from app.store.unblinding import OPENED, is_asked_of, take_away
from tests.store.audit_log import rows as noted
from tests.store.handing import PLACE, answer, ask, begin, items, number, places, rows


def opened(engine: Engine, about: int, actor: str = "rho") -> None:
    with open_session(engine, commit=True) as session:
        assert is_asked_of(session, explanation_id=about, actor=actor)
        take_away(session, explanation_id=about, actor=actor)
        assert not is_asked_of(session, explanation_id=about, actor=actor)


def handed(engine: Engine, actor: str = "rho") -> set[int]:
    """Explanations that they are handed, until nothing is left."""
    of_item = {row.id: row.explanation_id for row in items(engine)}
    while (given := ask(engine, actor).assignment) is not None:
        answer(engine, given.id, actor)
    judged = [row for row in rows(engine) if row.actor == actor and row.state == "judged"]
    return {of_item[row.item_id] for row in judged}


def test_whoever_opened_a_disagreement_is_not_handed_it(explained: Engine):
    begin(explained, n_per_item=3)
    about = [row.explanation_id for row in items(explained)]
    opened(explained, about[1])
    assert handed(explained) == {*about} - {about[1]}
    with open_session(explained) as session:
        skips = get_progress(session, may_review=True, **PLACE).skips
    assert "campaign.taken_away" in [row["action"] for row in noted(explained)]
    assert [(one.actor, one.explanation_id, one.reason) for one in skips] == [
        ("rho", about[1], OPENED)
    ]


def test_what_they_hold_of_it_goes_to_others(explained: Engine):
    begin(explained, n_per_item=1)
    about = items(explained)[0].explanation_id
    at = number(explained, "rho")
    assert places(explained)[0] == (0, 1)
    opened(explained, about)
    assert places(explained)[0] == (1, 0)
    assert answer(explained, at, "rho").refused is not None


def test_nor_is_whoever_settled_it_not_even_by_a_later_campaign(explained: Engine):
    begin(explained, n_per_item=3)
    about = items(explained)[0].explanation_id
    answer(explained, number(explained, "ada"), "ada")
    with open_session(explained, commit=True) as session:
        decide(
            session, asked_of(session, model="toy"), explanation_id=about, actor="rho",
            ruling=Ruling("accept", "It is right."),
        )  # fmt: skip
    begin(explained, slug="later")
    PLACE["slug"] = "later"
    try:
        assert about not in handed(explained)
    finally:
        PLACE["slug"] = "c"


def test_reviewers_are_told_who_judged_with_the_right_to_review(explained: Engine):
    assert {role for role, rights in RIGHTS.items() if Right.REVIEW in rights} == {*REVIEWING}
    begin(explained, n_per_item=3)
    answer(explained, number(explained, "ada"), "ada")
    answer(explained, number(explained, "root"), "root")
    with open_session(explained, commit=True) as session:
        create_account(session, name="root", password="x", is_administrator=True)
        create_account(session, name="ada", password="x", is_administrator=False)
        assert "root" in reviewers_among(session, model="toy")
        told = get_progress(session, may_review=True, **PLACE).annotators
        hidden = get_progress(session, may_review=False, **PLACE).annotators
    assert {one.actor: one.reviews for one in told} == {"ada": False, "root": True}
    assert {one.reviews for one in hidden} == {None}
