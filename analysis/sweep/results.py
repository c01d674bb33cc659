"""What a finished or half-finished state says about its units, as plain arrays.

Statistics are over finite activations at counted positions; NaN marks what is undefined.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64, UInt8, UInt16, UInt32
from numpy import ndarray

from analysis.sweep import kernels
from analysis.sweep.patterns import N_SOURCES
from analysis.sweep.slots import Slots
from analysis.sweep.state import SiteState

Kind = Literal["top", "bottom", "interval", "random"]
STATISTICS = (
    "density", "above", "mean", "variance", "skewness", "kurtosis", "minimum", "maximum",
)  # fmt: skip


@dataclass(frozen=True)
class Statistics:
    """Of all units of a site in one split."""

    n_windows: int
    n_positions: Int64[ndarray, " unit"]
    n_nonfinite: Int64[ndarray, " unit"]
    mean: Float[ndarray, " unit"]
    variance: Float[ndarray, " unit"]
    skewness: Float[ndarray, " unit"]
    kurtosis: Float[ndarray, " unit"]
    minimum: Float[ndarray, " unit"]
    maximum: Float[ndarray, " unit"]
    density: Float[ndarray, " unit"]
    """Share of counted positions with a > 0."""
    above: Float[ndarray, " unit"]
    """Share of counted positions with a > the threshold."""
    histogram: UInt32[ndarray, "unit bin"]


@dataclass(frozen=True)
class Exemplars:
    """The kept windows of one kind, strongest first; random ones in the order of their hash."""

    kind: Kind
    windows: UInt32[ndarray, "unit kept"]
    """`kernels.EMPTY` where there were fewer windows; such slots stand last."""
    peaks: Float32[ndarray, "unit kept"]
    peak_positions: UInt16[ndarray, "unit kept"]
    activations: Float16[ndarray, "unit kept pos"]
    """NaN past the window's end."""
    intervals: UInt8[ndarray, " kept"] | None
    """Of kind interval: which interval each slot belongs to, 0 the lowest."""


@dataclass(frozen=True)
class Sources:
    """For heads: the strongest sources of every position of one kind's exemplars."""

    sources: UInt16[ndarray, "head kept pos source"]
    weights: Float16[ndarray, "head kept pos source"]


def statistics(state: SiteState) -> Statistics:
    total = state.moments.total()
    n = total.n
    share = np.maximum(n, 1)
    return Statistics(
        n_windows=state.n_windows,
        n_positions=n,
        n_nonfinite=state.counts[2],
        mean=np.where(n > 0, total.mean, np.nan),
        variance=total.variance(),
        skewness=total.skewness(),
        kurtosis=total.kurtosis(),
        minimum=np.where(n > 0, state.lowest.astype(np.float64), np.nan),
        maximum=np.where(n > 0, state.highest.astype(np.float64), np.nan),
        density=np.where(n > 0, state.counts[0] / share, np.nan),
        above=np.where(n > 0, state.counts[1] / share, np.nan),
        histogram=state.histogram,
    )


def exemplars(state: SiteState) -> list[Exemplars]:
    """Of every kind of which windows are kept, in their final order."""
    slots, first = state.slots.ordered(), state.counting.first
    kept = slots.kept
    found = []
    if kept.top:
        found.append(_of_kind(slots, "top", 0, kept.bottom_from, first))
    if kept.bottom:
        found.append(_of_kind(slots, "bottom", kept.bottom_from, kept.intervals_from, first))
    if kept.per_interval:
        found.append(_of_kind(slots, "interval", kept.intervals_from, kept.random_from, first))
    if kept.random:
        found.append(_of_kind(slots, "random", kept.random_from, kept.n_slots, first))
    return found


def sources(state: SiteState, of: Exemplars) -> Sources | None:
    """The attention patterns of a head site's exemplars; None for neurons."""
    if state.patterns is None:
        return None
    shape = (*of.windows.shape, state.patterns.n_pos, N_SOURCES)
    found = Sources(np.zeros(shape, np.uint16), np.zeros(shape, np.float16))
    for head, row in enumerate(of.windows):
        for slot, number in enumerate(row):
            pattern = state.patterns.found.get((head, int(number)))
            if pattern is not None:
                found.sources[head, slot] = pattern.sources
                found.weights[head, slot] = pattern.weights
    return found


def _of_kind(slots: Slots, kind: Kind, start: int, end: int, first: int) -> Exemplars:
    span = slice(start, end)
    sign = -1 if kind == "bottom" else 1
    positions = kernels.peak_positions(slots.traces, first, start, end, sign)
    intervals = None
    if kind == "interval":
        intervals = np.repeat(np.arange(slots.kept.n_intervals), slots.kept.per_interval)
        intervals = intervals.astype(np.uint8)
    return Exemplars(
        kind=kind,
        windows=slots.windows[:, span],
        peaks=slots.peaks[:, span],
        peak_positions=positions,
        activations=slots.traces[:, span].view(np.float16),
        intervals=intervals,
    )
