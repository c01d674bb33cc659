"""Items are handed out each to a person once, and never to more than are to judge them."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import Engine

from app.errors import NotFoundError
from app.store.campaigning import set_status
from app.store.claiming import Claim, create_explanation
from app.store.engine import open_session
from app.store.judging import Rating, judge, take_back
from app.store.queries.assignment import show_held
from app.store.queries.campaign import campaigns_with_work_for
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

N_ITEMS = 7
"""Explanations of the store."""


def set_to(engine: Engine, status: str) -> None:
    with open_session(engine, commit=True) as session:
        set_status(session, status=status, actor="root", **PLACE)


def test_whoever_comes_back_gets_what_they_had(explained: Engine):
    begin(explained)
    first = ask(explained)
    assert (first.state, first.own.n_wanted) == ("item", N_ITEMS)
    assert ask(explained).assignment.id == first.assignment.id
    assert len(rows(explained)) == 1


def test_one_person_judges_every_item_once_and_is_then_told_that_none_is_left(explained: Engine):
    begin(explained, n_per_item=2)
    for _ in range(N_ITEMS):
        answer(explained, number(explained))
    assert ask(explained).state == "nothing"
    given = [one.explanation_id for one in judgements(explained)]
    assert given == [one.explanation_id for one in items(explained)]
    assert ask(explained, "bo").state == "item"


def test_an_item_is_given_to_no_more_people_than_are_to_judge_it(explained: Engine):
    begin(explained, n_per_item=2)
    held = [number(explained, name) for name in "abcdefgh"]
    assert len(set(held)) == 8
    assert places(explained)[:5] == [(0, 2)] * 4 + [(2, 0)]


def test_a_place_whose_lease_ran_out_is_given_to_somebody_else_once_no_other_is_free(
    explained: Engine,
):
    begin(explained)
    late = [number(explained, name) for name in "abcdefg"]
    run_out(explained)
    given = ask(explained, "zoe").assignment
    assert given.id not in late
    assert [(one.actor, one.state) for one in rows(explained)] == [
        *((name, "lapsed") for name in "abcdefg"), ("zoe", "leased"),
    ]  # fmt: skip
    assert places(explained)[:2] == [(0, 1), (1, 0)]


def test_whoever_is_late_keeps_their_place_while_others_are_free(explained: Engine):
    begin(explained)
    at = number(explained, "ada")
    run_out(explained)
    number(explained, "bo")
    assert ask(explained, "ada").assignment.id == at


def test_whoever_is_late_gets_their_item_again_while_it_has_a_place(explained: Engine):
    begin(explained)
    at = number(explained, "ada")
    run_out(explained)
    assert number(explained, "ada") == at
    for name in "bcdefghi":
        ask(explained, name)
    run_out(explained, "ada")
    number(explained, "zoe")  # takes her place
    assert ask(explained, "ada").state == "nothing"
    run_out(explained, "zoe")
    assert number(explained, "ada") == at


def test_a_skipped_item_goes_to_others_and_never_back(explained: Engine):
    begin(explained)
    at = number(explained, "ada")
    pass_over(explained, at)
    assert places(explained)[0] == (1, 0)
    assert number(explained, "ada") != at
    assert number(explained, "bo")
    assert places(explained)[0] == (0, 1)


def test_what_somebody_judged_elsewhere_or_wrote_is_not_given_to_them(explained: Engine):
    with open_session(explained, commit=True) as session:
        judge(session, explanation_id=1, actor="ada", rating=Rating("accept"))
        judge(session, explanation_id=2, actor="ada", rating=Rating("accept"))
        take_back(session, explanation_id=2, actor="ada")
        own = create_explanation(
            session, model="toy", site="mlp.0", index=7, claim=Claim(text="Mine."), actor="ada"
        )
    begin(explained)
    given = set()
    while (one := ask(explained, "ada")).state == "item":
        answer(explained, one.assignment.id)
        given.add(judgements(explained)[-1].explanation_id)
    assert len(given) == N_ITEMS - 2
    assert not given & {1, 2, own.id}
    assert ask(explained, "bo").state == "item"


def test_what_was_judged_elsewhere_since_it_was_handed_out_is_given_back(explained: Engine):
    begin(explained)
    at = number(explained)
    shown = items(explained)[0].explanation_id
    with open_session(explained, commit=True) as session:
        judge(session, explanation_id=shown, actor="ada", rating=Rating("accept"))
    assert number(explained) != at
    assert rows(explained)[0].state == "skipped"
    assert places(explained)[:2] == [(1, 0), (0, 1)]


def test_while_it_is_paused_nothing_is_handed_out_but_what_is_held_is_answered(explained: Engine):
    begin(explained)
    at = number(explained)
    set_to(explained, "paused")
    assert ask(explained).assignment.id == at
    assert ask(explained, "bo").state == "paused"
    assert answer(explained, at).judgement is not None
    assert ask(explained).state == "paused"
    set_to(explained, "open")
    assert ask(explained).state == "item"
    set_to(explained, "ended")
    assert ask(explained).state == "ended"


def test_what_is_held_is_shown_without_handing_out_anything(explained: Engine):
    begin(explained)
    with open_session(explained) as session:
        assert show_held(session, actor="ada", **PLACE) is None
    at = number(explained)
    with open_session(explained) as session:
        assert show_held(session, actor="ada", **PLACE).assignment.id == at
        assert show_held(session, actor="bo", **PLACE) is None


def test_whoever_has_work_is_led_to_it(explained: Engine):
    def offered(actor: str, models: set[str] | None = None) -> list[str]:
        with open_session(explained) as session:
            found = campaigns_with_work_for(session, actor=actor, models=models)
            return [one.slug for one in found]

    assert offered("ada") == []
    begin(explained)
    assert offered("ada") == ["c"]
    assert offered("ada", {"toy"}) == ["c"]
    assert offered("ada", {"other"}) == []
    for _ in range(N_ITEMS):
        answer(explained, number(explained))
    assert offered("ada") == offered("bo") == []


def test_of_a_campaign_that_is_not_there_nothing_is_handed_out(explained: Engine):
    begin(explained)
    with open_session(explained, commit=True) as session, pytest.raises(NotFoundError):
        show_held(session, model="toy", slug="none", actor="ada")


def test_one_person_who_asks_many_times_at_once_holds_one_item(explained: Engine):
    begin(explained, n_per_item=3)
    with ThreadPoolExecutor(8) as pool:
        held = set(pool.map(lambda _: number(explained), range(24)))
    assert len(held) == 1
    assert sorted(places(explained)) == [(2, 1), *[(3, 0)] * (N_ITEMS - 1)]
    assert len(rows(explained)) == 1


def test_many_at_once_lose_and_double_nothing(explained: Engine):
    """Twelve people who judge, skip and let leases run out: every item gets its three judgements of
    three people, no place is lost, and nobody gets an item twice."""
    begin(explained, n_per_item=3)
    people = [f"p{n}" for n in range(12)]

    def work(name: str) -> None:
        dice = np.random.default_rng(people.index(name))
        for _ in range(60):
            given = ask(explained, name)
            if given.state == "nothing":
                return
            if given.assignment is None:
                continue
            at, done = given.assignment.id, dice.random()
            if done < 0.1:
                run_out(explained, name)
            elif done < 0.15:
                pass_over(explained, at, name)
            else:
                answer(explained, at, name)
                answer(explained, at, name)

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(work, people))
    for name in people:  # what the last of them skipped or let go
        while (left := ask(explained, name)).state == "item":
            answer(explained, left.assignment.id, name)
    given = judgements(explained)
    assert Counter(one.explanation_id for one in given) == {
        one.explanation_id: 3 for one in items(explained)
    }
    assert len({(one.explanation_id, one.actor) for one in given}) == len(given)
    assert len({one.assignment_id for one in given}) == len(given)
    assert places(explained) == [(0, 3)] * N_ITEMS
    held = [(one.item_id, one.actor) for one in rows(explained)]
    assert len(set(held)) == len(held)
