"""From a state to rows of the store."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float16, Float32, UInt8, UInt16, UInt32
from numpy import ndarray

from analysis.sweep import kernels
from analysis.sweep.patterns import N_SOURCES
from analysis.sweep.results import Exemplars, Sources, Statistics
from analysis.sweep.state import SiteState
from analysis.sweep.summary import Summary
from app.store.packing import BOTTOM, FIRST_INTERVAL, RANDOM, TOP, pack, pack_histograms
from app.store.writing import ExemplarRow, HistogramRow, PatternRow, StatisticsRow, SummaryRow


def statistics_rows(split: str, site: Statistics) -> list[StatisticsRow]:
    columns = zip(
        site.n_positions.tolist(), site.n_nonfinite.tolist(), _numbers(site.mean),
        _numbers(site.variance), _numbers(site.skewness), _numbers(site.kurtosis),
        _numbers(site.minimum), _numbers(site.maximum), _numbers(site.density),
        _numbers(site.above), strict=True,
    )  # fmt: skip
    return [StatisticsRow(split, unit, site.n_windows, *row) for unit, row in enumerate(columns)]


def histogram_rows(split: str, site: Statistics) -> list[HistogramRow]:
    packed = pack_histograms(site.histogram)
    return [HistogramRow(split, unit, histogram) for unit, histogram in enumerate(packed)]


def exemplar_rows(
    split: str, state: SiteState, kinds: Sequence[Exemplars]
) -> Iterator[ExemplarRow]:
    """One row per unit, of all kinds together; slots that hold no window are left out."""
    if not kinds:
        return
    slots = _Slots.of(kinds)
    edges = counts = [b""] * state.n_units
    if state.edges is not None and state.slots.kept.per_interval:
        edges, counts = _pieces(state.edges, "<f4"), _pieces(state.slots.interval_counts, "<u4")
    held = slots.windows != kernels.EMPTY
    if (held == held[0]).all():
        slots = slots.where(held[0])
        groups = pack(slots.groups, np.uint8)
        pieces = zip(
            edges, counts, _pieces(slots.windows, "<u4"), _pieces(slots.peaks, "<f4"),
            _pieces(slots.peak_positions, "<u2"), _pieces(slots.activations, "<f2"), strict=True,
        )  # fmt: skip
        for unit, packed in enumerate(pieces):
            yield ExemplarRow(unit, split, groups, *packed)
        return
    for unit, there in enumerate(held):
        yield ExemplarRow(
            unit, split, pack(slots.groups[there], np.uint8), edges[unit], counts[unit],
            pack(slots.windows[unit, there], np.uint32), pack(slots.peaks[unit, there], np.float32),
            pack(slots.peak_positions[unit, there], np.uint16),
            pack(slots.activations[unit, there], np.float16),
        )  # fmt: skip


def preview(of: Exemplars, n: int) -> Exemplars:
    """A few of the exemplars; of each interval the first."""
    if of.intervals is None:
        return _only(of, np.arange(of.windows.shape[1]) < n)
    return _only(of, np.diff(of.intervals, prepend=-1.0) > 0)


def pattern_rows(split: str, of: Exemplars, found: Sources) -> list[PatternRow]:
    held = of.windows != kernels.EMPTY
    return [
        PatternRow(
            head, split, of.kind, N_SOURCES,
            pack(found.sources[head, there], np.uint16),
            pack(found.weights[head, there], np.float16),
        )
        for head, there in enumerate(held)
    ]  # fmt: skip


def summary_rows(split: str, summaries: Sequence[Summary]) -> list[SummaryRow]:
    return [
        SummaryRow(
            split, each.statistic, each.n_units, each.n_undefined, each.n_dead, each.n_flagged,
            pack(each.edges, np.float32), pack(each.counts, np.uint32),
            pack(each.quantiles, np.float32),
        )
        for each in summaries
    ]  # fmt: skip


@dataclass(frozen=True)
class _Slots:
    """The kinds side by side."""

    groups: UInt8[ndarray, " slot"]
    windows: UInt32[ndarray, "unit slot"]
    peaks: Float32[ndarray, "unit slot"]
    peak_positions: UInt16[ndarray, "unit slot"]
    activations: Float16[ndarray, "unit slot pos"]

    @classmethod
    def of(cls, kinds: Sequence[Exemplars]) -> "_Slots":
        return cls(
            np.concatenate([_groups(kind) for kind in kinds]),
            np.concatenate([kind.windows for kind in kinds], 1),
            np.concatenate([kind.peaks for kind in kinds], 1),
            np.concatenate([kind.peak_positions for kind in kinds], 1),
            np.concatenate([kind.activations for kind in kinds], 1),
        )

    def where(self, slots: Bool[ndarray, " slot"]) -> "_Slots":
        if slots.all():
            return self
        return _Slots(
            self.groups[slots], self.windows[:, slots], self.peaks[:, slots],
            self.peak_positions[:, slots], self.activations[:, slots],
        )  # fmt: skip


def _groups(of: Exemplars) -> UInt8[ndarray, " slot"]:
    if of.intervals is not None:
        return of.intervals + np.uint8(FIRST_INTERVAL)
    group = {"top": TOP, "bottom": BOTTOM, "random": RANDOM}[of.kind]
    return np.full(of.windows.shape[1], group, np.uint8)


def _only(of: Exemplars, slots: ndarray) -> Exemplars:
    """The slots that every unit has filled."""
    return Exemplars(
        of.kind,
        of.windows[:, slots],
        of.peaks[:, slots],
        of.peak_positions[:, slots],
        of.activations[:, slots],
        None if of.intervals is None else of.intervals[slots],
    )


def _pieces(array: ndarray, dtype: str) -> list[bytes]:
    """The bytes of every row of an array."""
    packed = np.ascontiguousarray(array, dtype=dtype).tobytes()
    size = len(packed) // len(array)
    if not size:
        return [b""] * len(array)
    return [packed[i : i + size] for i in range(0, len(packed), size)]


def _numbers(values: ndarray) -> list[Any]:
    """Python floats, None where undefined."""
    listed = values.tolist()
    if np.isfinite(values).all():
        return list(listed)
    return [value if math.isfinite(value) else None for value in listed]
