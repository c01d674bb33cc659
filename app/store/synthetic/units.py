"""Made-up activations, and what a sweep would store of them, computed in the plainest way."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.store.packing import (
    BOTTOM,
    FIRST_INTERVAL,
    RANDOM,
    TOP,
    histogram_edges,
    pack,
    pack_histogram,
)
from app.store.synthetic.text import Text
from app.store.writing import ExemplarRow, HistogramRow, PatternRow, StatisticsRow

HISTOGRAM = {"bins": 128, "smallest_exponent": -8, "octaves": 16, "steps": 4, "fraction": 1.0}
EDGES = np.array(histogram_edges(HISTOGRAM))
QUANTILES = (0.25, 0.5, 0.75, 0.95)
"""Of the window maximum, between the intervals: those of a sweep."""
INTERVALS = len(QUANTILES) + 1
SOURCES = 4
THRESHOLD = 1.0
EXEMPLAR_SPLITS = ("fit", "test", "ood:code")
"""The calibration split has numbers but no exemplars, as where a sampling of 0 was asked for."""

DEAD, FLAGGED, LOST = 1, 2, 3
"""Indices of a site's special units: constant 0, some NaN and inf, nothing finite at all."""


@dataclass(frozen=True)
class UnitRows:
    statistics: list[StatisticsRow] = field(default_factory=list)
    histograms: list[HistogramRow] = field(default_factory=list)
    exemplars: list[ExemplarRow] = field(default_factory=list)
    patterns: list[PatternRow] = field(default_factory=list)


def make_activations(
    generator: np.random.Generator, text: Text, units: list[int], *, kind: str, relu: bool
) -> NDArray[np.float16]:
    """[units, windows, window_length]: each unit has a few favourite tokens; NaN past the end."""
    n_vocab = len(text.vocabulary)
    liking = generator.normal(0, 0.15, (len(units), n_vocab)).astype(np.float32)
    for row in liking:
        favourites = generator.choice(n_vocab - 1, size=4, replace=False) + 1
        row[favourites] = generator.uniform(1, 6, 4) * (1, 1, 1, -1)
    values = liking[:, text.tokens]
    values += generator.normal(0, 0.05, values.shape).astype(np.float32)
    values[:, :, 0] = 40  # the attention sink, which statistics leave out
    if relu:
        values = np.maximum(values, 0)
    if kind == "attn":
        values = np.abs(values)
    for row, unit in enumerate(units):
        if kind == "mlp" and unit == DEAD:
            values[row] = 0
        if kind == "mlp" and unit == FLAGGED:
            values[row, ::7, 5], values[row, ::9, 6] = np.nan, np.inf
        if kind == "mlp" and unit == LOST:
            values[row] = np.nan
    past = np.arange(text.tokens.shape[1])[None, :] >= text.lengths[:, None]
    values[:, past] = np.nan
    return values.astype(np.float16)


def describe(
    generator: np.random.Generator,
    text: Text,
    units: list[int],
    values: NDArray[np.float16],
    *,
    kind: str,
    per_kind: int,
) -> UnitRows:
    """What a sweep stores of these units, per split."""
    rows = UnitRows()
    for split in dict.fromkeys(text.splits):
        windows = text.windows_of(split)
        for row, unit in enumerate(units):
            mine = values[row, windows]
            finite, n_lost = _counted(mine, text.lengths[windows])
            rows.statistics.append(_statistics(split, unit, len(mine), finite, n_lost))
            rows.histograms.append(HistogramRow(split, unit, _histogram(finite)))
            if split in EXEMPLAR_SPLITS and np.isfinite(mine[:, 1:]).any():
                _keep_exemplars(
                    generator, rows, split, unit, windows, mine, per_kind, of_heads=kind == "attn"
                )
    return rows


def _counted(
    values: NDArray[np.float16], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.float64], int]:
    """The finite values at counted positions, and how many there are not finite."""
    counted = (np.arange(values.shape[1]) < lengths[:, None]) & (np.arange(values.shape[1]) > 0)
    all_counted = values[counted].astype(np.float64)
    finite = all_counted[np.isfinite(all_counted)]
    return finite, len(all_counted) - len(finite)


def _histogram(finite: NDArray[np.float64]) -> bytes:
    bins = np.clip(np.searchsorted(EDGES, finite, side="right") - 1, 0, len(EDGES) - 2)
    return pack_histogram(np.bincount(bins, minlength=len(EDGES) - 1))


def _statistics(
    split: str, unit: int, n_windows: int, finite: NDArray[np.float64], n_lost: int
) -> StatisticsRow:
    counts = (split, unit, n_windows, len(finite), n_lost)
    if not len(finite):
        nothing = (None, None, None, None, None, None, None, None)
        return StatisticsRow(*counts, *nothing)
    mean, variance = float(finite.mean()), float(finite.var())
    standard = (finite - mean) / np.sqrt(variance) if variance else None
    return StatisticsRow(
        *counts,
        mean=mean,
        variance=variance,
        skewness=None if standard is None else float((standard**3).mean()),
        kurtosis=None if standard is None else float((standard**4).mean()),
        minimum=float(finite.min()),
        maximum=float(finite.max()),
        density=float((finite > 0).mean()),
        above=float((finite > THRESHOLD).mean()),
    )


def _keep_exemplars(
    generator: np.random.Generator,
    rows: UnitRows,
    split: str,
    unit: int,
    windows: NDArray[np.int64],
    values: NDArray[np.float16],
    per_kind: int,
    *,
    of_heads: bool,
) -> None:
    ranked = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
    ranked[:, 0] = np.nan
    highest = np.nanmax(ranked, axis=1, initial=-np.inf, where=~np.isnan(ranked))
    lowest = np.nanmin(ranked, axis=1, initial=np.inf, where=~np.isnan(ranked))
    usable = np.flatnonzero(np.isfinite(highest))
    edges = np.quantile(highest[usable], QUANTILES)
    interval_of = np.searchsorted(edges, highest, side="right")
    kept = {
        "top": usable[np.argsort(-highest[usable], kind="stable")][:per_kind],
        "bottom": usable[np.argsort(lowest[usable], kind="stable")][:per_kind],
        "random": generator.permutation(usable)[:per_kind],
        "interval": np.concatenate(
            [usable[interval_of[usable] == n][: max(1, per_kind // 4)] for n in range(INTERVALS)]
        ),
    }
    bottom = [np.full(len(chosen), kind == "bottom") for kind, chosen in kept.items()]
    groups = [
        FIRST_INTERVAL + interval_of[chosen]
        if kind == "interval"
        else np.full(len(chosen), {"top": TOP, "bottom": BOTTOM, "random": RANDOM}[kind])
        for kind, chosen in kept.items()
    ]
    all_kept, is_bottom = np.concatenate(list(kept.values())), np.concatenate(bottom)
    peaks = np.where(is_bottom, lowest[all_kept], highest[all_kept])
    places = np.nanargmax(np.where(is_bottom[:, None], -1, 1) * ranked[all_kept], axis=1)
    counts = np.bincount(interval_of[usable], minlength=INTERVALS)
    rows.exemplars.append(
        ExemplarRow(
            unit,
            split,
            groups=pack(np.concatenate(groups), np.uint8),
            edges=pack(edges, np.float32),
            counts=pack(counts, np.uint32),
            windows=pack(windows[all_kept], np.uint32),
            peaks=pack(peaks, np.float32),
            peak_positions=pack(places, np.uint16),
            activations=pack(values[all_kept], np.float16),
        )
    )
    if of_heads:
        rows.patterns.extend(
            _pattern(generator, unit, split, kind, (len(chosen), values.shape[1]))
            for kind, chosen in kept.items()
        )


def _pattern(
    generator: np.random.Generator, unit: int, split: str, kind: str, of: tuple[int, int]
) -> PatternRow:
    """Of so many windows of so many positions."""
    shape = (*of, SOURCES)
    position = np.arange(of[1])[None, :, None]
    back = np.array([0, 1, 2, 5])[None, None, :]
    sources = np.broadcast_to(np.maximum(position - back, 0), shape)
    weights: NDArray[Any] = np.sort(generator.dirichlet(np.full(SOURCES + 1, 0.6), shape[:2]))
    return PatternRow(
        unit,
        split,
        kind,
        n_sources=SOURCES,
        sources=pack(sources, np.uint16),
        weights=pack(weights[..., : -SOURCES - 1 : -1], np.float16),
    )
