"""Reductions where the activations are: for models on an accelerator.

What goes to the CPU is the extremes and sums of every window, and the traces of those few windows
that some unit keeps; copying every activation would take longer than the forward pass. Sums are
float32 within a window and float64 beyond.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int64, Shaped, UInt16, UInt32
from numpy import ndarray
from torch import Tensor

from analysis.sweep import kernels
from analysis.sweep.hashing import phase
from analysis.sweep.histogram import BINS, FIRST_CODE
from analysis.sweep.kernels.reducing import EXACT_FOR

UNITS_AT_ONCE = 4096
"""Bounds the memory of what is computed on the way."""
LARGEST_HALF = 65504.0
QUIET_NAN = np.uint16(0x7E00)
"""What `kernels` writes, with the sign; the bits of a NaN differ between devices."""


@dataclass(frozen=True)
class Reduced:
    """A batch of one site."""

    sums: Float64[ndarray, "4 unit"]
    """Of powers of (a − shift) over finite activations at counted positions."""
    counts: Int64[ndarray, "4 unit"]
    """Counted, above 0, above the threshold, not finite."""
    histogram: UInt32[ndarray, "unit bin"]
    highest: Float32[ndarray, "batch unit"]
    """−inf where nothing is finite."""
    lowest: Float32[ndarray, "batch unit"]


def reduce_on_device(
    activations: Float[Tensor, "batch pos unit"],
    *,
    lengths: Int64[ndarray, " batch"],
    windows: UInt32[ndarray, " batch"],
    shift: Float32[ndarray, " unit"],
    first: int,
    threshold: float,
    histogram_every: int,
    seed: int,
) -> Reduced:
    """What `kernels.take` counts, computed by torch."""
    device, n_pos = activations.device, activations.shape[1]
    position = np.arange(n_pos)
    counted = (position >= first) & (position < lengths[:, None])
    phases = [phase(np.uint64(seed), window, histogram_every) for window in windows]
    binned = counted & ((position - first - np.array(phases)[:, None]) % histogram_every == 0)
    parts = [
        _reduce(
            activations[:, :, span],
            torch.from_numpy(counted).to(device),
            torch.from_numpy(binned).to(device),
            torch.from_numpy(shift[span]).to(device),
            threshold,
        )
        for start in range(0, activations.shape[2], UNITS_AT_ONCE)
        for span in [slice(start, start + UNITS_AT_ONCE)]
    ]
    return Reduced(
        sums=np.concatenate([part.sums for part in parts], 1),
        counts=np.concatenate([part.counts for part in parts], 1),
        histogram=np.concatenate([part.histogram for part in parts], 0),
        highest=np.concatenate([part.highest for part in parts], 1),
        lowest=np.concatenate([part.lowest for part in parts], 1),
    )


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


def _reduce(
    activations: Float[Tensor, "batch pos unit"],
    counted: Bool[Tensor, "batch pos"],
    binned: Bool[Tensor, "batch pos"],
    shift: Float[Tensor, " unit"],
    threshold: float,
) -> Reduced:
    values = activations.float()
    finite = values.isfinite() & counted[:, :, None]
    off = torch.where(finite, values - shift, 0)
    square = off * off
    powers = [_summed(each) for each in (off, square, square * off, square * square)]
    sums = np.stack(powers)
    for unit in np.flatnonzero(~np.isfinite(sums).all(0)):
        # Its fourth power is beyond float32.
        column = off[:, :, int(unit)].double().cpu().numpy()
        sums[:, unit] = [np.sum(column**power) for power in range(1, 5)]
    numbers = [
        finite,
        finite & (values > 0),
        finite & (values > threshold),
        counted[:, :, None] & ~values.isfinite(),
    ]
    infinity = torch.tensor(torch.inf, device=values.device)
    return Reduced(
        sums=sums,
        counts=torch.stack([each.sum((0, 1)) for each in numbers]).cpu().numpy().astype(np.int64),
        histogram=_histogram(values[binned]),
        highest=torch.where(finite, values, -infinity).amax(1).cpu().numpy(),
        lowest=torch.where(finite, values, infinity).amin(1).cpu().numpy(),
    )


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
