"""Krippendorff's alpha against his own example, another implementation, and simulation."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.agreement.alpha import alpha
from analysis.errors import AnalysisError

X = np.nan
EXAMPLE = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, X, X, X],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, X, 3],
        [X, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, X],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, X],
    ]
)
"""Krippendorff (2011): four observers, twelve units; the last has one value alone."""


@pytest.mark.parametrize(
    ("level", "told"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_own_example_comes_out(level, told):
    found = alpha(EXAMPLE, level=level)
    assert found.value == pytest.approx(told, abs=5e-4)
    assert (found.n_items, found.n_judgements) == (11, 40)
    assert found.low < found.value < found.high


@settings(max_examples=100, deadline=None)
@given(
    st.integers(2, 5), st.integers(2, 12), st.integers(2, 5), st.floats(0, 0.6),
    st.integers(0, 2**32 - 1), st.sampled_from(["nominal", "ordinal", "interval"]),
)  # fmt: skip
def test_another_implementation_says_the_same(n_people, n_items, n_values, missing, seed, level):
    generator = np.random.default_rng(seed)
    ratings = generator.integers(0, n_values, (n_people, n_items)).astype(float)
    ratings[generator.random(ratings.shape) < missing] = X
    found = alpha(ratings, level=level)
    if found.value is None:
        paired = ratings[:, (~np.isnan(ratings)).sum(axis=0) >= 2]
        assert len(np.unique(paired[~np.isnan(paired)])) <= 1
        return
    theirs = krippendorff.alpha(reliability_data=ratings, level_of_measurement=level)
    assert found.value == pytest.approx(theirs, abs=1e-9)


def test_whoever_always_agrees_is_at_1_and_whoever_deals_at_random_near_0():
    generator = np.random.default_rng(0)
    same = np.tile(generator.integers(0, 3, 50).astype(float), (3, 1))
    dealt = generator.integers(0, 3, (3, 4000)).astype(float)
    assert alpha(same, level="nominal").value == 1.0
    assert alpha(dealt, level="nominal").value == pytest.approx(0, abs=0.03)


def test_systematic_disagreement_is_below_0():
    assert alpha(np.array([[0, 1, 0, 1.0], [1, 0, 1, 0]]), level="nominal").value < 0


@pytest.mark.parametrize(
    "ratings",
    [np.full((2, 3), 1.0), np.full((2, 3), X), np.array([[1.0, X], [X, 2.0]]), np.zeros((0, 0))],
    ids=["all the same", "none", "no item twice", "nobody"],
)
def test_where_nothing_can_be_said_nothing_is(ratings):
    found = alpha(ratings, level="nominal")
    assert (found.value, found.low, found.high) == (None, None, None)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """Two people who copy the truth with probability 0.8 and else deal: alpha is 0.64."""
    generator = np.random.default_rng(1)
    hits = 0
    for _ in range(100):
        truth = generator.integers(0, 2, 80)
        dealt = generator.integers(0, 2, (2, 80))
        ratings = np.where(generator.random((2, 80)) < 0.8, truth, dealt).astype(float)
        found = alpha(ratings, level="nominal", seed=2)
        hits += found.low <= 0.64 <= found.high
    assert 88 <= hits <= 99


def test_of_few_items_there_is_no_interval():
    found = alpha(EXAMPLE[:, :5], level="nominal")
    assert found.value is not None
    assert (found.low, found.high) == (None, None)


def test_the_same_seed_gives_the_same_interval():
    assert alpha(EXAMPLE, level="ordinal", seed=3) == alpha(EXAMPLE, level="ordinal", seed=3)
    assert alpha(EXAMPLE, level="ordinal", seed=3) != alpha(EXAMPLE, level="ordinal", seed=4)


def test_an_infinite_rating_is_refused():
    with pytest.raises(AnalysisError, match="infinite"):
        alpha(np.array([[np.inf], [1.0]]), level="interval")


def test_what_is_of_one_unit_is_drawn_as_a_whole():
    """Four explanations of each of twenty units, on which people say the same of all four: as if
    there were twenty. Drawn one by one, the interval holds the truth in two of three cases."""
    generator = np.random.default_rng(1)
    units = np.repeat(np.arange(20), 4)
    hits = alone = 0
    for _ in range(60):
        truth = generator.integers(0, 2, 20)
        dealt = generator.integers(0, 2, (2, 20))
        ratings = np.where(generator.random((2, 20)) < 0.8, truth, dealt).astype(float)
        by_unit = alpha(ratings[:, units], units, level="nominal", seed=2)
        by_item = alpha(ratings[:, units], level="nominal", seed=2)
        hits += by_unit.low <= 0.64 <= by_unit.high
        alone += by_item.low <= 0.64 <= by_item.high
    assert (by_unit.n_items, by_unit.n_groups, by_item.n_groups) == (80, 20, 80)
    assert hits >= 53
    assert alone < 50


def test_many_explanations_of_few_units_have_no_interval():
    many = np.tile([[0.0, 1, 1], [0, 1, 0]], 10)
    assert alpha(many, level="nominal").low is not None
    assert alpha(many, np.arange(30) % 5, level="nominal").low is None
