"""People vote on explanations; each has one vote."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.claiming import withdraw_explanation
from app.store.engine import open_session
from app.store.queries.vote import votes_on
from app.store.tables import VoteTable
from app.store.voting import vote
from tests.store.audit_log import rows


def give(engine: Engine, actor: str, value: int, number: int = 1) -> None:
    with open_session(engine, commit=True) as session:
        vote(session, explanation_id=number, actor=actor, value=value)


def seen(engine: Engine, actor: str = "ada"):
    with open_session(engine) as session:
        return votes_on(session, 1, actor=actor, may_judge=True)


def test_votes_are_counted_and_named(explained: Engine):
    for actor, value in (("ada", 1), ("bo", -1), ("cy", 1)):
        give(explained, actor, value)
    found = seen(explained, "bo")
    assert (found.own, found.n_up, found.n_down) == (-1, 2, 1)
    assert [(one.actor, one.value) for one in found.votes] == [("ada", 1), ("bo", -1), ("cy", 1)]


def test_a_vote_is_changed_and_taken_back(explained: Engine):
    give(explained, "ada", 1)
    give(explained, "ada", -1)
    assert (seen(explained).n_up, seen(explained).n_down) == (0, 1)
    give(explained, "ada", 0)
    give(explained, "ada", 0)
    assert (seen(explained).own, seen(explained).votes) == (None, [])
    assert [row["action"] for row in rows(explained)[-2:]] == [
        "explanation.voted", "explanation.vote_taken_back",
    ]  # fmt: skip


def test_votes_at_once_do_not_double(explained: Engine):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: give(explained, f"p{n % 4}", 1 if n % 3 else -1), range(48)))
    found = seen(explained)
    assert found.n_up + found.n_down == 4
    with open_session(explained) as session:
        assert session.scalar(select(func.count()).select_from(VoteTable)) == 4


@pytest.mark.parametrize("value", [2, -2, 100])
def test_what_is_no_vote_is_refused(explained: Engine, value: int):
    with pytest.raises(BadRequestError):
        give(explained, "ada", value)


def test_what_does_not_count_any_more_is_not_voted_on(explained: Engine):
    give(explained, "ada", 1)
    with open_session(explained, commit=True) as session:
        withdraw_explanation(session, explanation_id=1, actor="ada", reason=None)
    with pytest.raises(ConflictError, match="was withdrawn"):
        give(explained, "bo", 1)
    assert seen(explained).n_up == 1


@pytest.mark.parametrize("number", [0, 10_000, 2**40])
def test_of_what_is_not_there_nobody_votes(explained: Engine, number: int):
    with pytest.raises(NotFoundError):
        give(explained, "ada", 1, number)
