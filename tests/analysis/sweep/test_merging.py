"""State of A joined with state of B is the state of both, whatever the order and grouping."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.sweep.results import exemplars, statistics
from tests.analysis.sweep.states import counted, empty

N_WINDOWS, N_POS, N_UNITS = 23, 6, 4
SHARDS = {0: range(5), 1: range(5, 12), 2: range(12, 13), 3: range(13, 23)}


@st.composite
def activations(draw):
    seed = draw(st.integers(0, 2**32 - 1))
    found = np.random.default_rng(seed).normal(size=(N_WINDOWS, N_POS, N_UNITS))
    if draw(st.booleans()):
        found = np.round(found)  # many ties
    return found.astype(np.float32)


def _same(one, other):
    left, right = statistics(one), statistics(other)
    for name in left.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
    for a, b in zip(exemplars(one), exemplars(other), strict=True):
        for name in ("windows", "peaks", "peak_positions", "activations"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    np.testing.assert_array_equal(one.slots.interval_counts, other.slots.interval_counts)


@settings(max_examples=40, deadline=None)
@given(activations(), st.permutations(list(SHARDS)))
def test_the_order_of_shards_does_not_matter(found, order):
    straight = counted(found, SHARDS)
    shuffled = counted(found, {number: SHARDS[number] for number in order})
    _same(straight, shuffled)


@settings(max_examples=40, deadline=None)
@given(activations(), st.permutations(list(SHARDS)), st.integers(0, 4))
def test_states_of_parts_merge_to_the_state_of_the_whole(found, order, cut):
    left = counted(found, {number: SHARDS[number] for number in order[:cut]})
    right = counted(found, {number: SHARDS[number] for number in order[cut:]})
    _same(counted(found, SHARDS), left.merged(right))
    _same(counted(found, SHARDS), right.merged(left))


@settings(max_examples=25, deadline=None)
@given(activations())
def test_what_is_kept_is_what_sorting_everything_would_keep(found):
    state = counted(found, SHARDS)
    kept = {each.kind: each for each in exemplars(state)}
    highest, lowest = found[:, 1:].max(1), found[:, 1:].min(1)
    for unit in range(N_UNITS):
        top = sorted(range(N_WINDOWS), key=lambda w: (-highest[w, unit], w))[:3]
        low = sorted(range(N_WINDOWS), key=lambda w: (lowest[w, unit], w))[:2]
        assert kept["top"].windows[unit].tolist() == top
        assert kept["bottom"].windows[unit].tolist() == low
        np.testing.assert_array_equal(
            kept["top"].activations[unit, 0], found[top[0], :, unit].astype(np.float16)
        )


def test_random_windows_are_a_uniform_sample():
    found = np.zeros((N_WINDOWS, 2, 4000), np.float32)
    state = counted(found, SHARDS)
    chosen = next(each for each in exemplars(state) if each.kind == "random").windows
    counts = np.bincount(chosen.ravel(), minlength=N_WINDOWS)
    expected = chosen.size / N_WINDOWS
    # each count is binomial; 5 standard deviations
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_random_windows_are_no_more_often_interval_windows_than_chance_has_it():
    found = np.random.default_rng(3).normal(size=(N_WINDOWS, 2, 2000)).astype(np.float32)
    kept = {each.kind: each.windows for each in exemplars(counted(found, SHARDS))}
    both = np.mean(
        [
            [window in intervals for window in row]
            for row, intervals in zip(
                kept["random"].tolist(), kept["interval"].tolist(), strict=True
            )
        ]
    )
    # 5 windows of 23 are in intervals, a little fewer where an interval is empty
    assert both < 0.25


def test_interval_counts_are_the_windows_of_each_interval():
    rng = np.random.default_rng(5)
    found = rng.normal(size=(N_WINDOWS, N_POS, N_UNITS)).astype(np.float32)
    state = counted(found, SHARDS)
    highest = found[:, 1:].max(1)
    for unit in range(N_UNITS):
        place = np.searchsorted(state.edges[unit], highest[:, unit], side="left")
        assert (
            state.slots.interval_counts[unit].tolist() == np.bincount(place, minlength=5).tolist()
        )
        kept = next(each for each in exemplars(state) if each.kind == "interval")
        for slot, interval in enumerate(kept.intervals):
            window = int(kept.windows[unit, slot])
            if window < N_WINDOWS:
                assert place[window] == interval


def test_a_shard_is_never_counted_twice():
    found = np.zeros((N_WINDOWS, N_POS, N_UNITS), np.float32)
    state = counted(found, SHARDS)
    with pytest.raises(ValueError, match="counted"):
        state.begin(2)
    with pytest.raises(ValueError, match="already counted"):
        state.merged(counted(found, {2: SHARDS[2]}))


def test_states_of_other_settings_do_not_merge():
    one, other = empty(2, 4), empty(2, 4)
    other.edges = other.edges + 1
    with pytest.raises(ValueError, match="interval edges"):
        one.merged(other)
