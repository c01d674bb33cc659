"""Whether a number says beforehand what people make of it: against pairs counted one by one, and
planted truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.agreement.acceptance import advantage, auroc, bins, spearman

X = np.nan


def each(n):
    """Every explanation is of another unit."""
    return np.arange(n)


def counted_pair_by_pair(values, accepted, rejected):
    wins = pairs = 0.0
    for place, (one, n_accepted) in enumerate(zip(values, accepted, strict=True)):
        for other_place, (other, n_rejected) in enumerate(zip(values, rejected, strict=True)):
            if place != other_place:
                pairs += n_accepted * n_rejected
                wins += n_accepted * n_rejected * (0.5 if one == other else float(one > other))
    return wins / pairs if pairs else None


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30
    )
)
def test_auroc_is_the_share_of_pairs_that_the_accepted_one_wins(cases):
    values, accepted, rejected = (np.array(column) for column in zip(*cases, strict=True))
    told = auroc(values.astype(float), accepted, rejected, each(len(values)))
    wanted = counted_pair_by_pair(values, accepted, rejected)
    assert told.value == (None if wanted is None else pytest.approx(wanted))


def test_an_explanation_is_not_compared_with_itself():
    """By hand: the middle one's own acceptance and rejection say nothing; 3 of 3 pairs are left."""
    told = auroc(np.array([0.1, 0.5, 0.9]), np.array([0, 1, 1]), np.array([1, 1, 0]), each(3))
    assert told.value == 1.0
    assert auroc(np.array([0.5]), np.array([1]), np.array([1]), each(1)).value is None


def test_what_has_no_number_or_no_verdict_is_left_out():
    values = np.array([0.1, X, 0.9, 0.5])
    told = auroc(values, np.array([0, 5, 2, 0]), np.array([1, 0, 0, 0]), each(4))
    assert (told.value, told.n, told.n_accepted, told.n_rejected) == (1.0, 2, 2, 1)


def test_the_interval_holds_what_was_planted():
    """Accepted ones are drawn one standard deviation higher: Φ(1/√2) = 0.760 of pairs."""
    held = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        accepted = generator.integers(0, 2, 80)
        values = generator.normal(accepted, 1.0)
        told = auroc(values, accepted, 1 - accepted, each(80), seed=seed)
        held += told.low <= 0.760 <= told.high
    assert held >= 34


def test_explanations_of_one_unit_do_not_make_the_interval_narrower():
    """Four of each unit with its number and verdict: by units the interval holds the truth as often
    as it says, one by one much too seldom."""
    held = alone = 0
    units = np.repeat(np.arange(24), 4)
    for seed in range(50):
        generator = np.random.default_rng(seed)
        accepted = generator.permutation(np.arange(24) % 2)
        values = generator.normal(accepted, 1.0)[units] + generator.normal(0, 1e-6, 96)
        counts = accepted[units], 1 - accepted[units]
        told, other = (auroc(values, *counts, of) for of in (units, each(96)))
        held += told.low <= 0.760 <= told.high
        alone += other.low <= 0.760 <= other.high
    assert (told.n, told.n_units, told.n_standing) == (96, 24, 12)
    assert held >= 44
    assert alone < 42


def test_the_interval_stands_on_the_rarer_verdict():
    """Of 200 explanations seven were rejected: the interval is that of seven, and holds the truth;
    of five, there is none."""
    held = 0
    for seed in range(50):
        generator = np.random.default_rng(seed)
        accepted = np.r_[np.ones(193, int), np.zeros(7, int)]
        values = generator.normal(accepted, 1.0)
        told = auroc(values, accepted, 1 - accepted, each(200))
        held += told.low <= 0.760 <= told.high
    assert told.n_standing == 7
    assert held >= 44
    few = auroc(values[:198], accepted[:198], 1 - accepted[:198], each(198))
    assert (few.n_rejected, few.low, few.high) == (5, None, None)


def test_a_number_that_is_always_right_is_not_certain_to_be():
    """Wilson's interval of 6 of 6 begins at 0.6097."""
    accepted = np.array([0] * 6 + [1] * 6)
    told = auroc(np.arange(12.0), accepted, 1 - accepted, each(12))
    assert (told.value, told.high) == (1.0, pytest.approx(1.0))
    assert told.low == pytest.approx(0.6097, abs=1e-4)
    wrong = auroc(-np.arange(12.0), accepted, 1 - accepted, each(12))
    assert (wrong.value, wrong.low) == (0.0, pytest.approx(0.0))
    assert wrong.high == pytest.approx(0.3903, abs=1e-4)


def test_of_a_number_that_says_nothing_the_interval_holds_a_half():
    generator = np.random.default_rng(1)
    counts = generator.integers(0, 2, (2, 200))
    told = auroc(generator.random(200), *counts, each(200))
    assert told.low < 0.5 < told.high


def test_few_explanations_have_no_interval():
    told = auroc(np.arange(4.0), np.array([0, 1, 0, 1]), np.array([1, 0, 1, 0]), each(4))
    assert (told.value, told.low, told.high) == (0.75, None, None)


def test_an_advantage_is_of_the_explanations_that_have_both_numbers():
    """On the first four the one is right in 4 of 4 pairs, the other in 2; the fifth is left out."""
    one, other = np.array([1.0, 2, 3, 4, 0]), np.array([1.0, 4, 2, 3, X])
    accepted = np.array([0, 0, 1, 1, 1])
    told = advantage(one, other, accepted, 1 - accepted, each(5))
    assert (told.value, told.n, told.low) == (pytest.approx(0.5), 4, None)
    assert advantage(one, np.full(5, X), accepted, 1 - accepted, each(5)).value is None


def test_numbers_that_go_together_differ_less_than_their_intervals_say():
    """The other is the one with a little noise: the paired interval is a fraction of theirs, and
    holds 0."""
    generator = np.random.default_rng(2)
    accepted = np.arange(100) % 2
    one = generator.normal(accepted, 1.0)
    other = one + generator.normal(0, 0.05, 100)
    told = advantage(one, other, accepted, 1 - accepted, each(100))
    own = auroc(one, accepted, 1 - accepted, each(100))
    assert told.low <= 0 <= told.high
    assert told.high - told.low < (own.high - own.low) / 4


def test_spearman_is_of_ranks_with_ties_in_their_middle():
    """Ranks 1, 2.5, 2.5, 4 and 1, 2, 3.5, 3.5: their r by hand is 3.75 / 4.5."""
    told = spearman(np.array([1.0, 5.0, 5.0, 90.0]), np.array([1.0, 2.0, 3.0, 3.0]), each(4))
    assert told.value == pytest.approx(3.75 / 4.5)


@pytest.mark.parametrize("sign", [1, -1])
def test_what_rises_or_falls_always_is_one_or_minus_one(sign):
    values = np.arange(12.0)
    told = spearman(values, sign * np.exp(values), each(12))
    assert told.value == pytest.approx(sign)


def test_of_what_is_always_the_same_there_is_no_correlation():
    assert spearman(np.ones(9), np.arange(9.0), each(9)).value is None
    assert spearman(np.full(3, X), np.arange(3.0), each(3)).n == 0


def test_each_bin_holds_as_many_explanations_and_counts_all_judgements():
    values = np.arange(20.0)
    judged = np.full(20, 2)
    accepted = np.where(values >= 10, 2, 0)
    found = bins(values, accepted, judged, each(20))
    assert [(one.n, one.n_judged, one.share) for one in found] == [
        (5, 10, 0.0), (5, 10, 0.0), (5, 10, 1.0), (5, 10, 1.0),
    ]  # fmt: skip
    assert found[0].share_high == pytest.approx(0.4345, abs=1e-3)  # of five, not of ten
    assert (found[1].low, found[1].high, found[1].middle) == (5.0, 9.0, 7.0)


def test_equal_numbers_stay_in_one_bin():
    found = bins(np.array([0.0] * 30 + [1.0] * 10), np.ones(40, int), np.ones(40, int), each(40))
    assert [(one.middle, one.n) for one in found] == [(0.0, 30), (1.0, 10)]
    assert bins(np.arange(4.0), np.ones(4, int), np.ones(4, int), each(4)) == []


def test_a_bins_interval_is_of_as_many_units_as_it_has():
    (one,) = bins(np.zeros(8), np.ones(8, int), np.ones(8, int), np.repeat([0, 1], 4))
    assert (one.n, one.n_units) == (8, 2)
    assert one.share_low == pytest.approx(0.3424, abs=1e-4)  # Wilson's of 2 of 2


def test_spearmans_interval_is_of_as_many_units_as_there_are():
    values, units = np.arange(20.0), np.arange(20) % 5
    assert spearman(values, values, each(20)).low is not None
    assert spearman(values, values, units).low is None
