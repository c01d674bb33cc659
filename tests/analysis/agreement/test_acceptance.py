"""Whether a number says beforehand what people make of it: against pairs counted one by one, and
planted truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.agreement.acceptance import auroc, bins, spearman

X = np.nan


def counted_pair_by_pair(values, accepted, rejected):
    wins = pairs = 0.0
    for one, n_accepted in zip(values, accepted, strict=True):
        for other, n_rejected in zip(values, rejected, strict=True):
            pairs += n_accepted * n_rejected
            wins += n_accepted * n_rejected * (0.5 if one == other else float(one > other))
    return wins / pairs


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30
    )
)
def test_auroc_is_the_share_of_pairs_that_the_accepted_one_wins(cases):
    values, accepted, rejected = (np.array(column) for column in zip(*cases, strict=True))
    told = auroc(values.astype(float), accepted, rejected)
    if not accepted.sum() or not rejected.sum():
        assert told.value is None
    else:
        wanted = counted_pair_by_pair(values, accepted, rejected)
        assert told.value == pytest.approx(wanted)


def test_what_has_no_number_or_no_verdict_is_left_out():
    values = np.array([0.1, X, 0.9, 0.5])
    told = auroc(values, np.array([0, 5, 2, 0]), np.array([1, 0, 0, 0]))
    assert (told.value, told.n) == (1.0, 2)


def test_the_interval_holds_what_was_planted():
    """Accepted ones are drawn one standard deviation higher: Φ(1/√2) = 0.760 of pairs."""
    held = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        accepted = generator.integers(0, 2, 80)
        values = generator.normal(accepted, 1.0)
        told = auroc(values, accepted, 1 - accepted, seed=seed)
        held += told.low <= 0.760 <= told.high
    assert held >= 34


def test_of_a_number_that_says_nothing_the_interval_holds_a_half():
    generator = np.random.default_rng(1)
    told = auroc(
        generator.random(200), generator.integers(0, 2, 200), generator.integers(0, 2, 200)
    )
    assert told.low < 0.5 < told.high


def test_few_explanations_have_no_interval():
    told = auroc(np.arange(4.0), np.array([0, 1, 0, 1]), np.array([1, 0, 1, 0]))
    assert (told.value, told.low, told.high) == (0.75, None, None)


def test_spearman_is_of_ranks_with_ties_in_their_middle():
    """Ranks 1, 2.5, 2.5, 4 and 1, 2, 3.5, 3.5: their r by hand is 3.75 / 4.5."""
    told = spearman(np.array([1.0, 5.0, 5.0, 90.0]), np.array([1.0, 2.0, 3.0, 3.0]))
    assert told.value == pytest.approx(3.75 / 4.5)


@pytest.mark.parametrize("sign", [1, -1])
def test_what_rises_or_falls_always_is_one_or_minus_one(sign):
    values = np.arange(12.0)
    told = spearman(values, sign * np.exp(values))
    assert told.value == pytest.approx(sign)


def test_of_what_is_always_the_same_there_is_no_correlation():
    assert spearman(np.ones(9), np.arange(9.0)).value is None
    assert spearman(np.full(3, X), np.arange(3.0)).n == 0


def test_each_bin_holds_as_many_explanations_and_counts_all_judgements():
    values = np.arange(20.0)
    judged = np.full(20, 2)
    accepted = np.where(values >= 10, 2, 0)
    found = bins(values, accepted, judged)
    assert [(one.n, one.n_judged, one.share) for one in found] == [
        (5, 10, 0.0), (5, 10, 0.0), (5, 10, 1.0), (5, 10, 1.0),
    ]  # fmt: skip
    assert found[0].share_high == pytest.approx(0.4345, abs=1e-3)  # of five, not of ten
    assert (found[1].low, found[1].high, found[1].middle) == (5.0, 9.0, 7.0)


def test_equal_numbers_stay_in_one_bin():
    found = bins(np.array([0.0] * 30 + [1.0] * 10), np.ones(40, int), np.ones(40, int))
    assert [(one.middle, one.n) for one in found] == [(0.0, 30), (1.0, 10)]
    assert bins(np.arange(4.0), np.ones(4, int), np.ones(4, int)) == []
