"""The compiled loops against the same arithmetic written out in NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from analysis.sweep import kernels
from analysis.sweep.histogram import bin_of
from analysis.sweep.kernels.arguments import Batch, Counting, Hashing, Totals
from analysis.sweep.kernels.halves import half_bits
from analysis.sweep.layout import Kept
from analysis.sweep.slots import Slots

B, T, F = 5, 9, 300
LENGTHS = np.array([9, 9, 4, 9, 1])


@njit
def _halves(bits):
    found = np.empty(bits.shape[0], np.uint16)
    for i in range(bits.shape[0]):
        found[i] = half_bits(bits[i])
    return found


def _reduce(x, every=1, lengths=LENGTHS):
    bits = x.view(torch.int32 if x.dtype == torch.float32 else torch.int16).numpy()
    words = bits.view(np.uint32 if x.dtype == torch.float32 else np.uint16)
    shift = np.linspace(-0.5, 0.5, F).astype(np.float32)
    lift = 0 if x.dtype == torch.float32 else 16
    batch = Batch(words, lift, lengths, np.arange(B, dtype=np.uint32))
    totals = Totals(
        shift, np.zeros((4, F)), np.zeros((4, F), np.int64), np.zeros((F, 128), np.uint32)
    )
    slots = Slots.empty(F, T, Kept(0, 0, 0, 0))
    extremes, _ = kernels.take(
        batch, Counting(1, 1.0, every, 3), totals, Hashing(3, 0), slots.offer(intervals=False),
        np.empty((F, 0), np.float32), slots.held,
    )  # fmt: skip
    return totals._asdict() | extremes._asdict(), shift


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_reductions_agree_with_numpy_also_where_activations_are_not_finite(dtype):
    x = torch.randn(B, T, F, generator=torch.Generator().manual_seed(0)) * 2
    x[0, 3, 7], x[1, 2, 7], x[3, 5, 299], x[2, 8, 1] = float("nan"), 1e30, -torch.inf, torch.inf
    x = x.to(dtype)
    found, shift = _reduce(x)
    values = x.double().numpy()
    inside = np.zeros((B, T, 1), bool)
    for window, length in enumerate(LENGTHS):
        inside[window, 1:length] = True
    counted = inside & np.isfinite(values)
    off = np.where(counted, values - shift.astype(np.float64), 0)
    for power in range(4):
        expected = np.sum(off ** (power + 1), axis=(0, 1))
        np.testing.assert_allclose(found["sums"][power], expected, rtol=1e-5, atol=1e-3)
    np.testing.assert_array_equal(found["counts"][0], counted.sum((0, 1)))
    np.testing.assert_array_equal(found["counts"][1], (counted & (values > 0)).sum((0, 1)))
    np.testing.assert_array_equal(found["counts"][2], (counted & (values > 1)).sum((0, 1)))
    np.testing.assert_array_equal(found["counts"][3], (inside & ~np.isfinite(values)).sum((0, 1)))
    highest = np.where(counted, values, -np.inf).max(1)
    lowest = np.where(counted, values, np.inf).min(1)
    np.testing.assert_array_equal(found["highest"], highest.astype(np.float32))
    np.testing.assert_array_equal(found["lowest"], lowest.astype(np.float32))
    bins = bin_of(np.where(counted, values, 0).astype(np.float32))
    expected = np.zeros((F, 128), np.int64)
    for window, position, unit in np.argwhere(counted):
        expected[unit, bins[window, position, unit]] += 1
    np.testing.assert_array_equal(found["histogram"], expected)


def test_sums_over_long_windows_keep_their_digits():
    x = 3 + torch.randn(B, 3000, F, generator=torch.Generator().manual_seed(1))
    found, shift = _reduce(x, lengths=np.full(B, 3000))
    off = x[:, 1:].double().numpy() - shift.astype(np.float64)
    for power in range(4):
        expected = np.sum(off ** (power + 1), axis=(0, 1))
        np.testing.assert_allclose(found["sums"][power], expected, rtol=1e-6)


def test_a_fraction_of_positions_is_binned_about_as_often_as_said():
    found, _ = _reduce(torch.randn(B, T, F), every=4)
    # windows have 8, 8, 3, 8 and 0 counted positions; every fourth of them, from a seeded phase on
    binned = found["histogram"].sum(1)
    assert (binned == binned[0]).all()
    assert 6 <= binned[0] <= 7


@given(st.lists(st.floats(width=32), min_size=1, max_size=50))
def test_float16_is_rounded_as_numpy_rounds_it_but_does_not_overflow(values):
    found = np.array(values, np.float32)
    with np.errstate(over="ignore"):
        expected = found.astype(np.float16)
    over = np.isinf(expected) & np.isfinite(found)
    expected[over] = np.copysign(np.float16(65504), found[over])
    got = _halves(found.view(np.uint32)).view(np.float16)
    np.testing.assert_array_equal(got, expected)


def test_the_peak_is_the_earliest_highest_counted_position():
    traces = np.array([[[9, 1, 3, 3, np.nan], [9, -1, -5, 2, 2]]], np.float16).view(np.uint16)
    assert kernels.peak_positions(traces, 1, 0, 2, 1).tolist() == [[2, 3]]
    assert kernels.peak_positions(traces, 1, 0, 2, -1).tolist() == [[1, 2]]


def test_an_infinite_activation_is_not_the_peak():
    traces = np.array([[[9, 1, 3, np.inf, -np.inf, -2]]], np.float16).view(np.uint16)
    assert kernels.peak_positions(traces, 1, 0, 1, 1).tolist() == [[2]]
    assert kernels.peak_positions(traces, 1, 0, 1, -1).tolist() == [[5]]


def test_the_strongest_sources_come_first_and_ties_in_order():
    pattern = np.array([[[0.1, 0.4, 0.1, 0.4], [1, 0, 0, 0]]], np.float32)
    places, weights = kernels.strongest_sources(pattern, 3)
    assert places.tolist() == [[[1, 3, 0], [0, 0, 0]]]
    np.testing.assert_allclose(weights, [[[0.4, 0.4, 0.1], [1, 0, 0]]])
