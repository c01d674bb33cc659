"""Picks are joined by Ward's criterion, as computed by hand."""

import numpy as np
import pytest

from analysis.explain.rules.candidates import Candidates
from analysis.explain.rules.grouping import Group, group_picks, predicate_of, thin_out
from analysis.programs.program import At, Echo, HasShape, OneOf, Or
from tests.analysis.explain.rules.invented import candidates, text


@pytest.fixture(scope="module")
def found() -> Candidates:
    return candidates(text(0))


def thin(
    keys: list[int], means: list[float], counts: list[float], *, most: int, tail: int = 99
) -> tuple[list[int], list[float]]:
    weights = np.array(means, float)
    owner = thin_out(
        np.array(keys), weights, np.array(counts, float), np.arange(len(keys)), most=most,
        most_in_tail=tail,
    )  # fmt: skip
    return owner.tolist(), weights.tolist()


def test_the_nearest_of_one_place_are_joined_at_their_mean() -> None:
    # Joining costs 1·3/4·0.2² = 0.03 for the first two, dropping any of them 1 or more.
    owner, means = thin([0, 0, 0], [1.0, 1.2, 4.0], [1, 3, 2], most=2)
    assert owner == [0, 0, 2]
    assert means[0] == pytest.approx((1.0 + 3 * 1.2) / 4)


def test_what_explains_least_is_dropped_where_no_other_is_like_it() -> None:
    # Of different places, so only dropping is possible: 2·0.1² is least.
    assert thin([0, 1, 2], [1.0, 0.1, 4.0], [1, 2, 2], most=2)[0] == [0, -1, 2]


def test_a_tail_has_its_own_limit() -> None:
    owner, _ = thin([0, 1, 2, 3], [-2.0, -1.0, -3.0, 1.0], [1, 1, 1, 1], most=9, tail=2)
    assert owner == [0, -1, 2, 3]


def test_signs_are_never_joined() -> None:
    assert thin([0, 0], [-0.01, 0.01], [1, 2], most=1)[0] == [-1, 1]


def picked(found: Candidates, *wanted: object) -> list[int]:
    predicates = [found.predicate(c) for c in range(len(found))]
    return [predicates.index(one) for one in wanted]


def test_shorter_programs_are_made_of_the_rules_of_longer_ones(found: Candidates) -> None:
    rng = np.random.default_rng(0)
    picks = rng.choice(len(found), 40, replace=False).astype(np.int32)
    weights = rng.normal(size=40).astype(np.float32)
    before: list[set[int]] | None = None
    for length, groups in zip(
        (20, 8, 3), group_picks(picks, weights, found, lengths=(3, 20, 8), most_in_tail=9),
        strict=True,
    ):  # fmt: skip
        assert 0 < len(groups) <= length
        sets = [set(group.picks) for group in groups]
        if before is not None:
            assert all(any(old <= new for new in sets) or not any(old & new for new in sets)
                       for old in before)  # fmt: skip
        before = sets


def test_tokens_of_one_place_become_one_set(found: Candidates) -> None:
    picks = picked(found, At(1, OneOf((" cat",))), At(1, OneOf((" dog",))))
    assert predicate_of(Group(tuple(picks), 1.0), found) == At(1, OneOf((" cat", " dog")))


def test_other_tests_stand_beside_the_set(found: Candidates) -> None:
    picks = picked(found, At(0, OneOf((" cat",))), At(0, HasShape("number")))
    assert predicate_of(Group(tuple(picks), 1.0), found) == Or(
        (At(0, OneOf((" cat",))), At(0, HasShape("number")))
    )


def test_an_echo_stays_an_echo(found: Candidates) -> None:
    (pick,) = picked(found, Echo(OneOf((" the",))))
    assert predicate_of(Group((pick,), 1.0), found) == Echo(OneOf((" the",)))
