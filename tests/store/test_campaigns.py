"""Campaigns are begun by a rule and a seed, told how to judge, and counted."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.campaigning import add_guidelines, set_status
from app.store.choice import Choice, read_gold
from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.queries.campaign import (
    get_campaign,
    get_progress,
    list_campaigns,
    list_guidelines,
)
from tests.store.handing import (
    PLACE,
    answer,
    begin,
    choice,
    items,
    number,
    pass_over,
)


def chosen(engine: Engine, **said) -> set[int]:
    begin(engine, choice=choice(**said).model_dump())
    return {one.explanation_id for one in items(engine)}


def read(engine: Engine, *, may_review: bool = True):
    with open_session(engine) as session:
        return get_campaign(session, may_review=may_review, **PLACE)


def counted(engine: Engine, *, may_review: bool = True):
    with open_session(engine) as session:
        return get_progress(session, may_review=may_review, **PLACE)


def test_units_are_drawn_by_the_seed_as_is_told(explained: Engine):
    begin(explained, choice={"n": 3, "seed": 11})
    units = {**{f"mlp.0/{unit}": unit + 1 for unit in range(6)}, "mlp.1/6": 7}
    first = sorted(units, key=lambda unit: sha256(f"11:{unit}".encode()).digest())[:3]
    assert {one.explanation_id for one in items(explained)} == {units[unit] for unit in first}
    assert read(explained).n_candidates == 7


def test_another_seed_draws_others_and_the_same_one_the_same(explained: Engine):
    drawn = []
    for slug, seed in (("a", 1), ("b", 1), ("c", 2)):
        begin(explained, slug=slug, choice={"n": 3, "seed": seed})
        drawn.append([one.explanation_id for one in items(explained)][-3:])
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"sites": ("mlp.1",)}, {7}),
        ({"layers": (0,)}, {1, 2, 3, 4, 5, 6}),
        ({"methods": ("language_model",)}, {7}),
        ({"author": "a model"}, {7}),
        ({"r_min": 0.7}, {1, 2, 3}),
        ({"r_max": 0.2}, {5, 6}),
        ({"r_min": 0.1, "r_max": 0.75}, {2, 5}),
        ({"query": "sea ships"}, {3}),
        ({"units": ("mlp.0/3", "mlp.0/99")}, {4}),
        ({"layers": (0,), "r_min": 0.7, "query": "names"}, {2}),
    ],
)
def test_filters_hold_together(explained: Engine, said, expected: set[int]):
    assert chosen(explained, **said) == expected


def test_what_people_disagreed_on_is_found(explained: Engine):
    with open_session(explained, commit=True) as session:
        for actor, about, verdict in (
            ("ada", 1, "accept"), ("bo", 1, "reject"), ("ada", 2, "edit"), ("bo", 2, "edit"),
            ("ada", 3, "accept"), ("ada", 3, "reject"),
        ):  # fmt: skip
            judge(session, explanation_id=about, actor=actor, rating=Rating(verdict))
    assert chosen(explained, disagreed=True) == {1}


def test_where_nothing_is_left_nothing_is_begun(explained: Engine):
    with pytest.raises(BadRequestError, match="No explanation passes"):
        begin(explained, choice={"author": "nobody\x00"})
    with open_session(explained) as session:
        assert list_campaigns(session, model="toy").items == []


def test_a_range_the_wrong_way_round_is_none():
    with pytest.raises(ValidationError):
        Choice(r_min=0.5, r_max=0.1)


def test_gold_items_are_mixed_in_and_not_told(explained: Engine):
    gold = [{"explanation_id": 4, "verdict": "reject"}, {"explanation_id": 1, "verdict": "accept"}]
    begin(explained, choice={"n": 3, "sites": ["mlp.0"]}, gold=gold)
    expected = {one.explanation_id: one.expected for one in items(explained)}
    assert (expected[4], expected[1]) == ("reject", "accept")
    assert len(expected) in (3, 4, 5)
    told, hidden = read(explained), read(explained, may_review=False)
    assert (told.n_gold, told.choice.n) == (2, 3)
    assert (hidden.n_gold, hidden.choice, hidden.n_candidates) == (None, None, None)
    with open_session(explained, commit=True) as session:
        set_status(session, status="ended", actor="root", **PLACE)
    assert read(explained, may_review=False).choice.n == 3


@pytest.mark.parametrize(
    "gold",
    [
        [{"explanation_id": 999, "verdict": "accept"}],
        [{"explanation_id": 1, "verdict": "accept"}, {"explanation_id": 1, "verdict": "edit"}],
    ],
)
def test_gold_that_is_of_no_use_is_refused(explained: Engine, gold):
    with pytest.raises(BadRequestError):
        begin(explained, gold=gold)


def test_gold_is_read_from_ids_and_addresses():
    text = "17 accept\n\n/m/toy/mlp.0/1/explanations/4, reject\nhttps://a.b/explanations/5: unsure"
    assert [(one.explanation_id, one.verdict) for one in read_gold(text)] == [
        (17, "accept"), (4, "reject"), (5, "unsure"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="line 2"):
        read_gold("17 accept\nno good")


def test_a_slug_is_made_of_the_title_or_taken_once(explained: Engine):
    assert begin(explained, slug=None, title="Rules: do they hold?").slug == "rules-do-they-hold"
    begin(explained)
    with pytest.raises(ConflictError):
        begin(explained)


def test_guidelines_have_versions_that_stay(explained: Engine):
    begin(explained, guidelines="First.\r\n")
    with open_session(explained, commit=True) as session:
        add_guidelines(session, markdown="Second.", actor="ada", **PLACE)
    with open_session(explained, commit=True) as session, pytest.raises(ConflictError):
        add_guidelines(session, markdown=" Second.\n", actor="ada", **PLACE)
    with open_session(explained) as session:
        versions = list_guidelines(session, campaign_id=1)
    assert [(one.version, one.markdown) for one in versions] == [(2, "Second."), (1, "First.")]
    assert read(explained).guidelines == versions[0]


def test_of_two_who_write_guidelines_at_once_both_are_kept_or_one_is_told(explained: Engine):
    begin(explained)

    def write(n: int) -> bool:
        try:
            with open_session(explained, commit=True) as session:
                add_guidelines(session, markdown=f"Text {n}", actor="ada", **PLACE)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        kept = sum(pool.map(write, range(6)))
    assert read(explained).guidelines.version == 1 + kept


def test_what_has_ended_stays_ended(explained: Engine):
    begin(explained)
    with open_session(explained, commit=True) as session:
        ended = set_status(session, status="ended", actor="root", **PLACE)
        assert ended.ended_at is not None
        assert set_status(session, status="ended", actor="root", **PLACE) == ended
        for status in ("open", "paused"):
            with pytest.raises(ConflictError):
                set_status(session, status=status, actor="root", **PLACE)
        with pytest.raises(ConflictError):
            add_guidelines(session, markdown="Late", actor="root", **PLACE)


def test_how_far_it_is_is_counted_by_person(explained: Engine):
    gold = [{"explanation_id": n, "verdict": "accept"} for n in range(1, 8)]
    begin(explained, n_per_item=2, gold=gold)
    for seconds, verdict in ((1.0, "accept"), (3.0, "reject"), (8.0, "accept")):
        answer(explained, number(explained), rating=Rating(verdict), seconds=seconds)
    answer(explained, number(explained, "bo"), "bo")
    pass_over(explained, number(explained, "bo"), "bo", reason="No idea")
    number(explained, "cy")
    found = counted(explained)
    assert (found.n_items, found.n_items_done, found.n_wanted) == (7, 1, 14)
    assert (found.n_judged, found.n_held, found.n_skipped) == (4, 1, 1)
    ada, bo, cy = found.annotators
    assert (ada.n_judged, ada.seconds, ada.n_gold, ada.n_gold_right) == (3, 3.0, 3, 2)
    assert (bo.n_judged, bo.n_skipped, bo.seconds, bo.n_gold_right) == (1, 1, None, 1)
    assert (cy.actor, cy.n_judged) == ("cy", 0)
    assert [(one.actor, one.reason) for one in found.skips] == [("bo", "No idea")]
    others = counted(explained, may_review=False)
    assert others.skips is None
    assert {(one.n_gold, one.n_gold_right) for one in others.annotators} == {(None, None)}


def test_campaigns_are_listed_newest_first_page_by_page(explained: Engine):
    for slug in "abc":
        begin(explained, slug=slug)
    with open_session(explained) as session:
        first = list_campaigns(session, model="toy", limit=2)
        second = list_campaigns(session, model="toy", limit=2, cursor=first.next_cursor)
        assert [one.slug for one in (*first.items, *second.items)] == ["c", "b", "a"]
        assert list_campaigns(session, model="other").items == []
        with pytest.raises(NotFoundError):
            get_campaign(session, model="other", slug="a", may_review=True)
