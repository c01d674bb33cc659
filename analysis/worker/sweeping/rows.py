"""From a state to rows of the store."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from analysis.sweep import kernels
from analysis.sweep.patterns import N_SOURCES
from analysis.sweep.results import Exemplars, Sources, Statistics
from analysis.sweep.state import SiteState
from analysis.sweep.summary import Summary
from app.store.packing import pack, pack_histograms
from app.store.writing import ExemplarRow, IntervalRow, PatternRow, StatisticsRow, SummaryRow


def statistics_rows(split: str, site: Statistics) -> list[StatisticsRow]:
    columns = zip(
        site.n_positions.tolist(), site.n_nonfinite.tolist(), _numbers(site.mean),
        _numbers(site.variance), _numbers(site.skewness), _numbers(site.kurtosis),
        _numbers(site.minimum), _numbers(site.maximum), _numbers(site.density),
        _numbers(site.above), pack_histograms(site.histogram), strict=True,
    )  # fmt: skip
    return [StatisticsRow(split, unit, site.n_windows, *row) for unit, row in enumerate(columns)]


def exemplar_rows(split: str, of: Exemplars) -> list[ExemplarRow]:
    """One row per unit; slots that hold no window are left out."""
    full = (of.windows != kernels.EMPTY).all(0)
    if not full.all() and ((of.windows == kernels.EMPTY).all(0) == ~full).all():
        of = _only(of, full)
    held = of.windows != kernels.EMPTY
    if held.all():
        pieces = zip(
            _pieces(of.windows, "<u4"), _pieces(of.peaks, "<f4"),
            _pieces(of.peak_positions, "<u2"), _pieces(of.activations, "<f2"), strict=True,
        )  # fmt: skip
        intervals = None if of.intervals is None else pack(of.intervals, np.uint8)
        return [
            ExemplarRow(unit, split, of.kind, windows, peaks, positions, intervals, activations)
            for unit, (windows, peaks, positions, activations) in enumerate(pieces)
        ]
    return [_row_of_held(split, of, unit, there) for unit, there in enumerate(held)]


def preview(of: Exemplars, n: int) -> Exemplars:
    """A few of the exemplars; of each interval the first."""
    if of.intervals is None:
        return _only(of, np.arange(of.windows.shape[1]) < n)
    return _only(of, np.diff(of.intervals, prepend=-1.0) > 0)


def interval_rows(split: str, state: SiteState) -> list[IntervalRow]:
    if state.edges is None or not state.slots.kept.per_interval:
        return []
    edges, counts = _pieces(state.edges, "<f4"), _pieces(state.slots.interval_counts, "<u4")
    return [
        IntervalRow(split, unit, edge, count)
        for unit, (edge, count) in enumerate(zip(edges, counts, strict=True))
    ]


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


def _row_of_held(split: str, of: Exemplars, unit: int, there: ndarray) -> ExemplarRow:
    return ExemplarRow(
        unit,
        split,
        of.kind,
        pack(of.windows[unit, there], np.uint32),
        pack(of.peaks[unit, there], np.float32),
        pack(of.peak_positions[unit, there], np.uint16),
        None if of.intervals is None else pack(of.intervals[there], np.uint8),
        pack(of.activations[unit, there], np.float16),
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
