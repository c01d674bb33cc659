"""Reductions where the activations are: for models on an accelerator.

What goes to the CPU is the extremes and sums of every window, and the traces of those few windows
that some unit keeps; copying every activation would take longer than the forward pass. Sums are
float32 within a window and float64 beyond.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int64, Shaped, UInt16, UInt32
from numpy import ndarray
from torch import Tensor

from analysis.sweep import kernels
from analysis.sweep.hashing import phase
from analysis.sweep.histogram import BINS, FIRST_CODE
from analysis.sweep.kernels.arguments import Counting, Extremes, Totals
from analysis.sweep.kernels.reducing import EXACT_FOR

UNITS_AT_ONCE = 4096
"""Bounds the memory of what is computed on the way."""
LARGEST_HALF = 65504.0
QUIET_NAN = np.uint16(0x7E00)
"""What `kernels` writes, with the sign; the bits of a NaN differ between devices."""


def reduce_on_device(
    activations: Float[Tensor, "batch pos unit"],
    *,
    lengths: Int64[ndarray, " batch"],
    windows: UInt32[ndarray, " batch"],
    counting: Counting,
    totals: Totals,
) -> Extremes:
    """What `kernels.take` reduces, computed by torch."""
    n_batch, n_pos, n_units = activations.shape
    first, every = counting.first, counting.histogram_every
    position = np.arange(n_pos)
    counted = (position >= first) & (position < lengths[:, None])
    phases = [phase(np.uint64(counting.seed), window, every) for window in windows]
    binned = counted & ((position - first - np.array(phases)[:, None]) % every == 0)
    there = torch.from_numpy(counted).to(activations.device)
    in_histogram = torch.from_numpy(binned).to(activations.device)
    found = Extremes(
        np.empty((n_batch, n_units), np.float32), np.empty((n_batch, n_units), np.float32)
    )
    for start in range(0, n_units, UNITS_AT_ONCE):
        span = slice(start, start + UNITS_AT_ONCE)
        values = activations[:, :, span].float()
        finite = values.isfinite() & there[:, :, None]
        totals.sums[:, span] += _powers(values, finite, totals.shift[span])
        totals.counts[:, span] += _counts(values, finite, there, counting.threshold)
        totals.histogram[span] += _histogram(values[in_histogram])
        found.highest[:, span] = torch.where(finite, values, -torch.inf).amax(1).cpu().numpy()
        found.lowest[:, span] = torch.where(finite, values, torch.inf).amin(1).cpu().numpy()
    return found


def mean_of(activations: Float[Tensor, "pos unit"]) -> Float32[ndarray, " unit"]:
    """Over positions; 0 where it is not finite."""
    mean = torch.nan_to_num(activations.float().mean(0), nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(mean.cpu().numpy(), np.float32)


def traces_of(
    activations: Float[Tensor, "batch pos unit"],
    *,
    windows: Int64[ndarray, " trace"],
    units: Int64[ndarray, " trace"],
    lengths: Int64[ndarray, " batch"],
) -> UInt16[ndarray, "trace pos"]:
    """Some windows of some units as float16; NaN past the end of the window."""
    device = activations.device
    rows = activations[torch.from_numpy(windows).to(device), :, torch.from_numpy(units).to(device)]
    values = rows.float()
    held = torch.where(values.isfinite(), values.clamp(-LARGEST_HALF, LARGEST_HALF), values)
    found: Shaped[ndarray, "trace pos"] = held.half().cpu().numpy().view(np.uint16)
    found = np.where(np.isnan(found.view(np.float16)), found & 0x8000 | QUIET_NAN, found)
    found[np.arange(found.shape[1]) >= lengths[windows][:, None]] = kernels.NOTHING
    return found


def _powers(
    values: Float[Tensor, "batch pos unit"],
    finite: Bool[Tensor, "batch pos unit"],
    shift: Float32[ndarray, " unit"],
) -> Float64[ndarray, "4 unit"]:
    off = torch.where(finite, values - torch.from_numpy(shift).to(values.device), 0)
    square = off * off
    sums = np.stack([_summed(each) for each in (off, square, square * off, square * square)])
    for unit in np.flatnonzero(~np.isfinite(sums).all(0)):
        # Its fourth power is beyond float32.
        column = off[:, :, int(unit)].double().cpu().numpy()
        sums[:, unit] = [np.sum(column**power) for power in range(1, 5)]
    return sums


def _counts(
    values: Float[Tensor, "batch pos unit"],
    finite: Bool[Tensor, "batch pos unit"],
    there: Bool[Tensor, "batch pos"],
    threshold: float,
) -> Int64[ndarray, "4 unit"]:
    numbers = [
        finite,
        finite & (values > 0),
        finite & (values > threshold),
        there[:, :, None] & ~values.isfinite(),
    ]
    counts = torch.stack([each.sum((0, 1)) for each in numbers])
    return np.asarray(counts.cpu().numpy(), np.int64)


def _summed(values: Float[Tensor, "batch pos unit"]) -> Float64[ndarray, " unit"]:
    """In float32 over a few positions, in float64 beyond."""
    pieces = [
        values[:, start : start + EXACT_FOR].sum(1)
        for start in range(0, values.shape[1], EXACT_FOR)
    ]
    parts: Float64[ndarray, "piece batch unit"] = torch.stack(pieces).cpu().numpy().astype("f8")
    total: Float64[ndarray, " unit"] = parts.sum((0, 1))
    return total


def _histogram(values: Float[Tensor, "position unit"]) -> UInt32[ndarray, "unit bin"]:
    """As `histogram.bin_of`."""
    n_units = values.shape[1]
    bits = values.contiguous().view(torch.int32)
    code = (((bits & 0x7FFFFFFF) >> 21) - FIRST_CODE).clamp(0, BINS // 2 - 1).long()
    bins = torch.where(bits >= 0, BINS // 2 + code, BINS // 2 - 1 - code)
    places = bins + BINS * torch.arange(n_units, device=values.device)
    counts = torch.zeros(n_units * BINS, dtype=torch.int32, device=values.device)
    counts.scatter_add_(0, places.flatten(), values.isfinite().flatten().int())
    return counts.cpu().numpy().astype(np.uint32).reshape(n_units, BINS)
