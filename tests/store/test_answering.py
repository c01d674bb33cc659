"""Answers of a campaign: each counts once, and what cannot count is kept."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.answering import keep_draft
from app.store.campaigning import add_guidelines, set_status
from app.store.claiming import withdraw_explanation
from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.queries.assignment import get_assignment
from app.store.queries.explanation import get_explanation
from app.store.queries.judgement import judgements_of
from app.store.views.campaign import DraftView
from tests.store.handing import (
    PLACE,
    answer,
    ask,
    begin,
    items,
    judgements,
    number,
    pass_over,
    places,
    rows,
    run_out,
)

FULL = Rating("edit", 4, 2, several_meanings=True, tags=("a",), note="Why")


def draft(engine: Engine, at: int, actor: str = "ada", **said):
    with open_session(engine, commit=True) as session:
        return keep_draft(session, number=at, actor=actor, draft=DraftView(**said), **PLACE)


def shown(engine: Engine, at: int, actor: str = "ada"):
    with open_session(engine) as session:
        return get_assignment(session, number=at, actor=actor, **PLACE)


def end(engine: Engine) -> None:
    with open_session(engine, commit=True) as session:
        set_status(session, status="ended", actor="root", **PLACE)


def test_a_judgement_is_kept_with_the_time_it_took_and_what_it_answers(explained: Engine):
    begin(explained)
    at = number(explained)
    answer(explained, at, rating=FULL, seconds=12.5)
    [given] = judgements(explained)
    assert (given.assignment_id, given.verdict, given.note) == (at, "edit", "Why")
    [row] = rows(explained)
    assert (row.state, row.seconds, row.draft) == ("judged", 12.5, None)
    assert row.ended_at >= row.handed_at


def test_the_same_submission_twice_counts_once(explained: Engine):
    begin(explained)
    at = number(explained)
    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(lambda _: answer(explained, at, rating=FULL), range(12)))
    assert len({one.judgement.id for one in given}) == 1
    assert len(judgements(explained)) == 1


def test_another_answer_to_the_same_item_is_refused(explained: Engine):
    begin(explained)
    at = number(explained)
    answer(explained, at)
    refused = answer(explained, at, rating=Rating("reject")).refused
    assert "already: accept" in refused.detail
    assert [one.verdict for one in judgements(explained)] == ["accept"]


def test_whoever_is_late_may_answer_while_there_is_a_place(explained: Engine):
    begin(explained, choice={"n": 1})
    at = number(explained)
    run_out(explained)
    theirs = number(explained, "bo")
    assert shown(explained, at).state == "lapsed"
    assert answer(explained, at).refused is not None
    pass_over(explained, theirs, "bo")
    assert answer(explained, at).judgement is not None
    assert places(explained) == [(0, 1)]


def test_a_lease_that_ran_out_while_nobody_needed_the_place_is_none_the_worse(explained: Engine):
    begin(explained)
    at = number(explained)
    run_out(explained)
    assert answer(explained, at).judgement is not None
    assert places(explained)[0] == (0, 1)


def test_whose_place_was_given_away_keeps_what_they_wrote(explained: Engine):
    begin(explained, choice={"n": 1})
    at = number(explained, "ada")
    run_out(explained)
    number(explained, "bo")
    refused = answer(explained, at, rating=FULL, seconds=3.0).refused
    assert "given to somebody else" in refused.detail
    assert judgements(explained) == []
    kept = shown(explained, at).draft
    assert (kept.verdict, kept.note, kept.seconds) == ("edit", "Why", 3.0)
    run_out(explained, "bo")
    given = ask(explained, "ada").assignment
    assert (given.id, given.draft) == (at, kept)
    assert answer(explained, at, rating=FULL).judgement is not None


def test_what_was_edited_or_withdrawn_since_is_judged_all_the_same(explained: Engine):
    begin(explained)
    at = number(explained)
    with open_session(explained, commit=True) as session:
        shown_one = items(explained)[0].explanation_id
        withdraw_explanation(session, explanation_id=shown_one, actor="bo", reason=None)
    assert answer(explained, at).judgement is not None


def test_what_others_say_of_it_is_hidden_from_whoever_may_yet_be_asked(explained: Engine):
    begin(explained, n_per_item=3)
    about = items(explained)[0].explanation_id
    answer(explained, number(explained, "ada"), "ada")
    with open_session(explained, commit=True) as session:
        withdraw_explanation(session, explanation_id=about, actor="bo", reason=None)

    def others(actor: str):
        with open_session(explained) as session:
            view = get_explanation(session, explanation_id=about)
            return judgements_of(session, view, actor=actor, may_judge=True).others

    assert others("bo") is None
    assert others("ada") is None
    end(explained)
    assert [one.actor for one in others("bo")] == ["ada"]


def test_whoever_judged_it_elsewhere_meanwhile_is_told(explained: Engine):
    begin(explained)
    at = number(explained)
    with open_session(explained, commit=True) as session:
        about = items(explained)[0].explanation_id
        judge(session, explanation_id=about, actor="ada", rating=Rating("reject"))
    assert "would not be blind" in answer(explained, at).refused.detail
    assert [one.verdict for one in judgements(explained)] == ["reject"]
    assert places(explained)[0] == (1, 0)


def test_a_later_judgement_elsewhere_leaves_the_one_of_the_campaign(explained: Engine):
    begin(explained)
    answer(explained, number(explained))
    with open_session(explained, commit=True) as session:
        about = items(explained)[0].explanation_id
        judge(session, explanation_id=about, actor="ada", rating=Rating("reject"))
    blind, later = judgements(explained)
    assert blind.assignment_id is not None
    assert (blind.verdict, blind.replaced_at is None) == ("accept", False)
    assert (later.assignment_id, later.replaced_at) == (None, None)


def test_a_campaign_that_has_ended_takes_no_answer(explained: Engine):
    begin(explained)
    at = number(explained)
    end(explained)
    assert "ended" in answer(explained, at).refused.detail
    assert judgements(explained) == []


def test_a_skip_is_counted_once_and_needs_a_reason(explained: Engine):
    begin(explained)
    at = number(explained)
    with pytest.raises(BadRequestError):
        pass_over(explained, at, reason="  ")
    pass_over(explained, at)
    pass_over(explained, at)
    assert places(explained)[0] == (1, 0)
    assert "skipped" in answer(explained, at).refused.detail
    answer(explained, at := number(explained))
    with pytest.raises(ConflictError):
        pass_over(explained, at)


def test_what_others_hold_is_not_there(explained: Engine):
    begin(explained, n_per_item=2)
    at = number(explained, "ada")
    for call in (
        lambda: answer(explained, at, "bo"),
        lambda: pass_over(explained, at, "bo"),
        lambda: draft(explained, at, "bo"),
        lambda: shown(explained, at, "bo"),
        lambda: shown(explained, 2**70, "ada"),
    ):
        with pytest.raises(NotFoundError):
            call()
    assert [one.state for one in rows(explained)] == ["leased"]


def test_what_is_not_asked_is_refused(explained: Engine):
    begin(explained, questions=["note"])
    at = number(explained)
    with pytest.raises(BadRequestError, match="specificity"):
        answer(explained, at, rating=Rating("accept", specificity=2))
    assert answer(explained, at, rating=Rating("accept", note="Yes")).judgement is not None


def test_a_draft_comes_back_with_the_item_and_keeps_it(explained: Engine):
    begin(explained)
    at = number(explained)
    run_out(explained)
    kept = draft(explained, at, verdict="edit", note="So far", seconds=1e9)
    assert kept.leased_until > rows(explained)[0].handed_at
    assert number(explained, "bo") != at
    again = ask(explained).assignment
    assert (again.id, again.draft.note, again.draft.seconds) == (at, "So far", 86_400)
    answer(explained, at)
    with pytest.raises(ConflictError):
        draft(explained, at, note="Too late")


def test_the_version_of_the_guidelines_that_was_shown_is_kept_and_a_new_one_is_told(
    explained: Engine,
):
    begin(explained, guidelines="First.")
    at = number(explained)
    with open_session(explained, commit=True) as session:
        add_guidelines(session, markdown="Second.", actor="root", **PLACE)
    assert draft(explained, at).guideline_version == 2
    assert ask(explained).new_guidelines == 2
    answer(explained, at, guideline_version=1)
    following = ask(explained)
    assert (following.new_guidelines, following.assignment.guideline_version) == (2, 2)
    answer(explained, following.assignment.id)
    assert ask(explained).new_guidelines is None
    first, second, third = rows(explained)
    assert first.guideline_id != second.guideline_id == third.guideline_id
    with pytest.raises(BadRequestError, match="no version 9"):
        answer(explained, third.id, guideline_version=9)
