"""Reductions by torch, as for an accelerator, against the compiled ones."""

import numpy as np
import pytest
import torch

from analysis.sweep import on_device
from analysis.sweep.engine import as_batch
from analysis.sweep.kernels.arguments import Counting
from analysis.sweep.layout import Kept
from analysis.sweep.state import SiteState

N_POS, N_UNITS, BATCH = 40, 300, 6


def _batches(dtype):
    generator = torch.Generator().manual_seed(5)
    for number in range(8):
        x = torch.randn(BATCH, N_POS, N_UNITS, generator=generator) * 3
        x[0, 5, 3], x[1, 7, 4], x[2, :, 9], x[3, 2, 2] = torch.nan, torch.inf, torch.nan, 1e6
        if dtype != torch.float16:
            x[4, 2, 8] = 1e10
        lengths = np.array([N_POS, N_POS, 17, N_POS, 4, N_POS])
        yield x.to(dtype), lengths, np.arange(BATCH, dtype=np.uint32) + np.uint32(BATCH * number)


def _state():
    counting = Counting(first=1, threshold=1.0, histogram_every=3, seed=11)
    kept = Kept(4, 3, 2, 3)
    state = SiteState.empty(N_UNITS, N_POS, kept=kept, counting=counting, first_unit=70)
    state.begin(0)
    return state


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_state_is_the_same_wherever_it_is_counted(dtype, monkeypatch):
    monkeypatch.setattr(on_device, "UNITS_AT_ONCE", 128)
    here, there = _state(), _state()
    for number, (activations, lengths, windows) in enumerate(_batches(dtype)):
        one = here.take(as_batch(activations, lengths, windows)).highest
        other = there.take_on_device(activations, lengths, windows).highest
        np.testing.assert_array_equal(one, other)
        if number == 2:
            here.settle(one)
            there.settle(one)
    here.end()
    there.end()
    for name in ("peaks", "windows", "keys", "traces", "interval_counts"):
        np.testing.assert_array_equal(getattr(here.slots, name), getattr(there.slots, name), name)
    for name in ("counts", "histogram", "lowest", "highest"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name), name)
    assert here.n_windows == there.n_windows == 8 * BATCH
    mine, theirs = here.moments.total(), there.moments.total()
    np.testing.assert_array_equal(mine.n, theirs.n)
    np.testing.assert_allclose(mine.mean, theirs.mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mine.variance(), theirs.variance(), rtol=1e-5)
    np.testing.assert_allclose(mine.kurtosis(), theirs.kurtosis(), rtol=1e-4)


def test_a_window_without_any_activation_counts_nothing():
    state = _state()
    nothing = torch.full((1, N_POS, N_UNITS), torch.nan)
    state.take_on_device(nothing, np.array([N_POS]), np.array([0], np.uint32))
    state.end()
    assert state.moments.total().n.sum() == 0
    assert (state.counts[2] == N_POS - 1).all()
