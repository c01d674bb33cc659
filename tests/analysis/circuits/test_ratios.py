"""Ratios of means over six pairs, and when their intervals are told."""

import numpy as np
import pytest

from analysis.circuits.ratios import mean_of, ratio_of_means

ABOVE = np.array([1.0, 1.0, 4.0, 0.0, 0.0, 0.0])
BELOW = np.array([1.0, 2.0, 1.0, 4.0, 2.0, 2.0])


def test_the_ratio_is_of_the_means_and_not_the_mean_of_ratios():
    assert ratio_of_means(ABOVE, BELOW).value == pytest.approx(0.5)  # and not 5.5 / 6


def test_the_ratio_has_the_sign_of_both_means():
    assert ratio_of_means(-ABOVE, BELOW).value == pytest.approx(-0.5)
    assert ratio_of_means(-ABOVE, -BELOW).value == pytest.approx(0.5)


def test_the_interval_holds_the_value_and_turns_with_the_sign():
    found, turned = ratio_of_means(ABOVE, BELOW), ratio_of_means(-ABOVE, BELOW)
    assert found.low < 0.5 < found.high
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_both_numbers_of_a_prompt_are_resampled_together():
    """So that where each ratio is the same, every resample has it."""
    found = ratio_of_means(0.25 * BELOW, BELOW)
    assert (found.low, found.value, found.high) == pytest.approx((0.25, 0.25, 0.25))


def test_of_five_prompts_there_is_no_interval():
    found = ratio_of_means(ABOVE[:5], BELOW[:5])
    assert (found.value, found.low, found.high) == (0.6, None, None)


def test_pairs_that_share_a_prompt_are_one():
    twice = np.repeat(np.arange(6), 2)
    once = ratio_of_means(ABOVE, BELOW)
    assert ratio_of_means(np.repeat(ABOVE, 2), np.repeat(BELOW, 2), twice) == once
    apart = ratio_of_means(np.repeat(ABOVE, 2), np.repeat(BELOW, 2))
    assert apart.high - apart.low < once.high - once.low
    of_three = ratio_of_means(ABOVE, BELOW, np.array([0, 0, 1, 1, 2, 2]))
    assert (of_three.value, of_three.low, of_three.high) == (0.5, None, None)


def test_no_interval_is_told_where_resamples_may_turn_what_others_are_measured_by():
    found = ratio_of_means(ABOVE, np.array([10.0, -3.0, -3.0, -1.0, -1.0, -1.0]))
    assert (found.value, found.low, found.high) == (6.0, None, None)


def test_nothing_is_measured_by_a_mean_of_0():
    with pytest.raises(ValueError, match="the mean that others are measured by is 0"):
        ratio_of_means(ABOVE, np.array([1.0, -1.0, 2.0, -2.0, 3.0, -3.0]))


def test_a_mean_is_of_pairs_with_an_interval_over_prompts():
    found = mean_of(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 9.0]))
    assert found.value == pytest.approx(4.0)
    assert 1 < found.low < 4 < found.high < 9
    assert mean_of(np.array([1.0, 3.0])).low is None
