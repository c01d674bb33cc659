"""What two random sets share, by hand."""

import math

import pytest

from analysis.score.overlap import by_chance


def test_chance_is_that_of_random_sets_of_the_same_sizes() -> None:
    """2 and 2 of 4: they share 0, 1, 2 with chances 1/6, 4/6, 1/6; Jaccard 0, 1/3, 1."""
    chance = by_chance(2, 2, 4, 2)
    assert chance.jaccard == pytest.approx(4 / 6 / 3 + 1 / 6)
    assert chance.p == pytest.approx(1 / 6)
    assert chance.high == 1.0
    assert by_chance(2, 2, 4, 1).p == pytest.approx(5 / 6)


def test_sets_that_cannot_but_overlap_do_so_always() -> None:
    assert by_chance(3, 3, 4, 2).p == pytest.approx(1.0)
    assert by_chance(0, 0, 4, 0).jaccard == 0


def test_chance_of_large_sets_is_a_number() -> None:
    chance = by_chance(2_000, 3_000, 46_350, 150)
    assert math.isfinite(chance.p)
    assert chance.jaccard == pytest.approx(129.4 / 4870, rel=0.01)


def test_a_set_that_is_larger_than_all_units_is_refused() -> None:
    with pytest.raises(ValueError, match="no set of 5 can be drawn from 4 units"):
        by_chance(2, 5, 4, 1)
