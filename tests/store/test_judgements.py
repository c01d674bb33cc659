"""People judge explanations, each for themselves."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.claiming import withdraw_explanation
from app.store.engine import open_session
from app.store.judging import Rating, judge, take_back
from app.store.queries.explanation import get_explanation
from app.store.queries.judgement import judgements_of
from app.store.tables import JudgementTable
from tests.store.campaigns import campaign, end

FULL = Rating("edit", 4, 2, several_meanings=True, tags=(" a  b ", "", "c", "a b"), note=" Why ")


def give(engine: Engine, actor: str = "ada", rating: Rating = FULL, number: int = 1):
    with open_session(engine, commit=True) as session:
        return judge(session, explanation_id=number, actor=actor, rating=rating)


def seen(engine: Engine, actor: str, *, may_judge: bool = True):
    with open_session(engine) as session:
        return judgements_of(
            session, get_explanation(session, explanation_id=1), actor=actor, may_judge=may_judge
        )


def test_a_judgement_is_kept_as_it_was_meant(explained: Engine):
    given = give(explained)
    assert seen(explained, "ada").own == given
    assert (given.verdict, given.specificity, given.sensitivity) == ("edit", 4, 2)
    assert (given.several_meanings, given.tags, given.note) == (True, ["a b", "c"], "Why")


def test_what_others_say_is_hidden_until_one_has_judged(explained: Engine):
    give(explained, "ada")
    give(explained, "bo", Rating("accept"))
    before = seen(explained, "cy")
    assert (before.own, before.n_others, before.others) == (None, 2, None)
    give(explained, "cy", Rating("reject"))
    after = seen(explained, "cy")
    assert [one.actor for one in after.others] == ["ada", "bo"]
    assert after.own.verdict == "reject"


def test_whoever_has_no_say_sees_all(explained: Engine):
    give(explained)
    assert [one.actor for one in seen(explained, "vi", may_judge=False).others] == ["ada"]


def test_while_a_campaign_is_about_it_only_reviewers_see_what_others_say(explained: Engine):
    give(explained, "ada")
    number = campaign(explained)
    give(explained, "bo", Rating("accept"))

    def told(actor: str, **rights: bool):
        with open_session(explained) as session:
            view = get_explanation(session, explanation_id=1)
            found = judgements_of(session, view, actor=actor, **rights)
            return None if found.others is None else [one.actor for one in found.others]

    assert told("bo", may_judge=True) is None
    assert told("vi", may_judge=False) is None
    assert told("bo", may_judge=True, may_review=True) == ["ada"]
    assert told("rho", may_judge=True, may_review=True) is None, "they have yet to judge"
    assert seen(explained, "bo").until == "ended"
    end(explained, number)
    assert told("bo", may_judge=True) == ["ada"]


def test_a_later_judgement_takes_the_place_of_the_one_before_which_is_kept(explained: Engine):
    give(explained)
    give(explained, rating=Rating("accept"))
    assert seen(explained, "ada").own.verdict == "accept"
    assert seen(explained, "bo").n_others == 1
    with open_session(explained) as session:
        assert session.scalar(select(func.count()).select_from(JudgementTable)) == 2


def test_whoever_takes_a_judgement_back_has_given_none(explained: Engine):
    give(explained)
    with open_session(explained, commit=True) as session:
        assert take_back(session, explanation_id=1, actor="ada")
        assert not take_back(session, explanation_id=1, actor="ada")
    assert seen(explained, "ada").own is None


def test_of_one_person_who_judges_twice_at_once_one_judgement_counts(explained: Engine):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: give(explained, rating=Rating("accept", 1 + n % 5)), range(24)))
    assert seen(explained, "bo").n_others == 1
    with open_session(explained) as session:
        assert session.scalar(select(func.count()).select_from(JudgementTable)) == 24


@pytest.mark.parametrize(
    "rating",
    [
        Rating("maybe"),
        Rating("accept", specificity=0),
        Rating("accept", sensitivity=6),
        Rating("accept", tags=("x" * 51,)),
        Rating("accept", tags=tuple(map(str, range(21)))),
        Rating("accept", note="x" * 10_001),
    ],
)
def test_what_is_no_judgement_is_refused(explained: Engine, rating: Rating):
    with pytest.raises(BadRequestError):
        give(explained, rating=rating)


def test_what_does_not_count_any_more_is_not_judged(explained: Engine):
    give(explained)
    with open_session(explained, commit=True) as session:
        withdraw_explanation(session, explanation_id=1, actor="ada", reason=None)
    with pytest.raises(ConflictError, match="it was withdrawn"):
        give(explained, "bo")
    assert seen(explained, "ada").own is not None


@pytest.mark.parametrize("number", [0, 10_000, 2**40])
def test_of_what_is_not_there_nobody_judges(explained: Engine, number: int):
    with pytest.raises(NotFoundError):
        give(explained, number=number)
