"""Explanations of which people make different things: found, sorted, and placed in their list."""

import pytest
from sqlalchemy import Engine

from app.errors import NotFoundError
from app.store.deciding import Ruling, decide
from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.queries.asked_judgements import Asked, asked_of
from app.store.queries.disagreement import (
    Wanted,
    get_dispute,
    list_disagreements,
    place_in_list,
)
from tests.store.campaigns import answer, campaign

TOY = Asked(1, "toy")
OPEN = Wanted()


def say(engine: Engine, number: int, **by: Rating) -> None:
    with open_session(engine, commit=True) as session:
        for actor, rating in by.items():
            judge(session, explanation_id=number, actor=actor, rating=rating)


def listed(engine: Engine, wanted: Wanted = OPEN, asked: Asked = TOY, **paging):
    with open_session(engine) as session:
        return list_disagreements(session, asked, wanted, **paging)


def ids(engine: Engine, wanted: Wanted = OPEN, asked: Asked = TOY) -> list[int]:
    return [line.explanation_id for line in listed(engine, wanted, asked).items]


@pytest.fixture
def disputed(explained: Engine) -> Engine:
    """1: one step apart; 2: accept and edit; 3: accept and reject; 4: two steps apart; 5: one."""
    say(explained, 1, ada=Rating("accept", 4), bo=Rating("accept", 3))
    say(explained, 2, ada=Rating("accept"), bo=Rating("edit"))
    say(explained, 3, ada=Rating("accept"), bo=Rating("reject"), cy=Rating("accept"))
    say(explained, 4, ada=Rating("accept", 4, 5), bo=Rating("accept", 2, 1))
    say(explained, 5, ada=Rating("reject"))
    return explained


def test_those_who_disagree_most_come_first(disputed: Engine):
    lines = listed(disputed).items
    assert [(line.explanation_id, round(line.amount, 3)) for line in lines] == [
        (4, 1.5),  # specificity 2 of 4 apart, sensitivity 4 of 4
        (3, 1.333),  # of three pairs two are accept and reject
        (2, 1.0),
    ]
    assert lines[1].verdicts == {"accept": 2, "edit": 0, "reject": 1, "unsure": 0}
    assert (lines[0].specificity.low, lines[0].specificity.high) == (2, 4)


def test_they_are_narrowed_by_what_they_are_about_and_by_site(disputed: Engine):
    assert ids(disputed, Wanted(about="verdict")) == [3, 2]
    assert ids(disputed, Wanted(about="steps")) == [4]
    assert ids(disputed, Wanted(site="mlp.1")) == []
    assert ids(disputed, Wanted(site="mlp.0", about="steps")) == [4]


def test_what_is_settled_leaves_the_list_of_open_ones(disputed: Engine):
    with open_session(disputed, commit=True) as session:
        decide(session, TOY, explanation_id=3, actor="rho", ruling=Ruling("accept", "It is so."))
    assert ids(disputed) == [4, 2]
    assert ids(disputed, Wanted(state="settled")) == [3]
    assert ids(disputed, Wanted(state="all")) == [4, 3, 2]
    say(disputed, 3, di=Rating("reject"))
    (line,) = listed(disputed, Wanted(state="settled")).items
    assert (line.decision.verdict, line.n_since) == ("accept", 1)


def test_pages_follow_each_other(disputed: Engine):
    first = listed(disputed, limit=2)
    second = listed(disputed, limit=2, cursor=first.next_cursor)
    assert [line.explanation_id for line in (*first.items, *second.items)] == [4, 3, 2]
    assert second.next_cursor is None


def test_each_has_its_place_and_neighbours(disputed: Engine):
    with open_session(disputed) as session:
        middle = place_in_list(session, TOY, Wanted(), explanation_id=3)
        outside = place_in_list(session, TOY, Wanted(), explanation_id=1)
    assert (middle.number, middle.of, middle.before, middle.after) == (2, 3, 4, 2)
    assert (outside.number, outside.before, outside.after) == (None, None, 4)


def test_of_a_campaign_what_was_given_in_it_counts_whatever_was_said_later(explained: Engine):
    number = campaign(explained, items=(1, 2))
    for actor, verdict in (("ada", "accept"), ("bo", "reject")):
        answer(explained, number, actor, 1, verdict)
    say(explained, 1, bo=Rating("accept"))
    say(explained, 2, ada=Rating("accept"), bo=Rating("reject"))
    with open_session(explained) as session:
        asked = asked_of(session, model="toy", campaign="first")
    assert ids(explained, asked=asked) == [1]
    assert ids(explained) == [2]


def test_side_by_side_stand_all_who_judged(disputed: Engine):
    with open_session(disputed) as session:
        told = get_dispute(session, TOY, explanation_id=3, actor="cy")
        other = get_dispute(session, TOY, explanation_id=3, actor="rho")
    assert [(one.actor, one.verdict) for one in told.judgements] == [
        ("ada", "accept"), ("bo", "reject"), ("cy", "accept"),
    ]  # fmt: skip
    assert (told.has_judged, other.has_judged) == (True, False)


def test_of_a_campaign_time_guideline_and_known_answer_stand_beside(explained: Engine):
    number = campaign(explained, expected={1: "reject"})
    answer(explained, number, "ada", 1, "accept", seconds=12.5)
    with open_session(explained) as session:
        asked = asked_of(session, model="toy", campaign="first")
        told = get_dispute(session, asked, explanation_id=1, actor="rho")
    (one,) = told.judgements
    assert (one.seconds, one.guideline, one.campaign) == (12.5, 1, "first")
    assert told.expected == "reject"


@pytest.mark.parametrize("number", [6, 999, 2**40])
def test_what_nobody_has_judged_is_no_dispute(disputed: Engine, number: int):
    with open_session(disputed) as session, pytest.raises(NotFoundError):
        get_dispute(session, TOY, explanation_id=number, actor="rho")


def test_a_campaign_that_is_not_there_is_said_so(explained: Engine):
    with open_session(explained) as session:
        for name in ("second", "a\0b"):
            with pytest.raises(NotFoundError, match="has no campaign"):
                asked_of(session, model="toy", campaign=name)
