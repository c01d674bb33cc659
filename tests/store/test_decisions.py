"""Reviewers settle what people make of explanations."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, ConflictError, NotFoundError, PatchclampError
from app.store.claiming import Claim, withdraw_explanation
from app.store.deciding import Ruling, decide
from app.store.engine import open_session
from app.store.queries.asked_judgements import Asked
from app.store.queries.decision import decision_counting, decisions_of
from app.store.queries.explanation import get_explanation
from tests.store.audit_log import rows

TOY = Asked(1, "toy")


def settle(engine: Engine, ruling: Ruling, *, actor: str = "rho", number: int = 1):
    with open_session(engine, commit=True) as session:
        return decide(session, TOY, explanation_id=number, actor=actor, ruling=ruling)


def counting(engine: Engine, number: int = 1):
    with open_session(engine) as session:
        return decision_counting(session, explanation_id=number)


def test_a_decision_is_kept_with_its_reason_and_noted(explained: Engine):
    made = settle(explained, Ruling("accept", "  The misses are typing errors. "))
    assert counting(explained) == made
    assert (made.verdict, made.reason, made.actor) == (
        "accept", "The misses are typing errors.", "rho",
    )  # fmt: skip
    row = rows(explained)[-1]
    assert (row["action"], row["subject"], row["actor"]) == (
        "explanation.decided", "explanation 1", "rho",
    )  # fmt: skip


def test_a_later_decision_takes_its_place_and_both_can_be_read(explained: Engine):
    first = settle(explained, Ruling("accept", "So."))
    second = settle(explained, Ruling("reject", "No.", seen=first.id), actor="sam")
    with open_session(explained) as session:
        history = decisions_of(session, explanation_id=1)
    assert [(one.id, one.verdict, one.replaced_at is None) for one in history] == [
        (second.id, "reject", True), (first.id, "accept", False),
    ]  # fmt: skip


def test_whoever_comes_second_is_told_who_decided_what(explained: Engine):
    settle(explained, Ruling("accept", "So."))
    with pytest.raises(ConflictError, match="rho has decided meanwhile: accept, because “So"):
        settle(explained, Ruling("reject", "No."), actor="sam")
    assert counting(explained).verdict == "accept"


def test_what_was_seen_must_be_what_counts(explained: Engine):
    with pytest.raises(ConflictError, match="counts no more"):
        settle(explained, Ruling("reject", "No.", seen=17))


def test_of_many_who_decide_at_once_one_does(explained: Engine):
    def attempt(n: int) -> bool:
        try:
            settle(explained, Ruling("accept", f"Reason {n}."), actor=f"r{n}")
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    with open_session(explained) as session:
        assert len(decisions_of(session, explanation_id=1)) == 1


def test_what_people_said_is_merged_into_a_new_version(explained: Engine):
    made = settle(explained, Ruling("edit", "Both.", merged=Claim("Whales and ships.")))
    with open_session(explained) as session:
        old = get_explanation(session, explanation_id=1)
        new = get_explanation(session, explanation_id=made.merged_id)
    assert (old.status, new.status, new.version) == ("replaced", "current", 2)
    assert (new.text, new.author) == ("Whales and ships.", "rho")


def test_where_the_new_version_cannot_be_written_nothing_is_decided(explained: Engine):
    with open_session(explained, commit=True) as session:
        withdraw_explanation(session, explanation_id=1, actor="ada")
    with pytest.raises(ConflictError, match="was withdrawn"):
        settle(explained, Ruling("edit", "Both.", merged=Claim("Ships.")))
    assert counting(explained) is None


@pytest.mark.parametrize(
    ("ruling", "wrong"),
    [
        (Ruling("maybe", "So."), BadRequestError),
        (Ruling("accept", "  "), BadRequestError),
        (Ruling("accept", "x" * 10_001), BadRequestError),
        (Ruling("accept", "So.", merged=Claim("A")), BadRequestError),
        (Ruling("edit", "So.", merged=Claim("  ")), BadRequestError),
    ],
)
def test_what_is_no_decision_is_refused(
    explained: Engine, ruling: Ruling, wrong: type[PatchclampError]
):
    with pytest.raises(wrong):
        settle(explained, ruling)
    assert counting(explained) is None


@pytest.mark.parametrize("number", [0, 999, 2**40])
def test_of_what_is_not_there_nothing_is_decided(explained: Engine, number: int):
    with pytest.raises(NotFoundError):
        settle(explained, Ruling("accept", "So."), number=number)


def test_of_another_model_nothing_is_decided(explained: Engine):
    with open_session(explained) as session, pytest.raises(NotFoundError):
        decide(
            session, Asked(2, "other"), explanation_id=1, actor="rho", ruling=Ruling("accept", "A")
        )
