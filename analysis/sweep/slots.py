"""The windows kept for every unit of a site: what enters, how two sets join, how they end.

Which windows are kept depends only on which were offered, never on their order or grouping:
extremes tie on the window number, random ones have the smallest seeded hash. So the state of a
union is the join of the states.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64, Shaped, UInt16, UInt32, UInt64
from numpy import ndarray

from analysis.sweep import kernels
from analysis.sweep.layout import Kept


@dataclass(frozen=True)
class Batch:
    """A batch of windows as one site sees it."""

    words: Shaped[ndarray, "batch pos unit"]
    """Activations as bits: float32 (lift 0), bfloat16 (16) or float16 (HALF_ALREADY)."""
    lift: int
    lengths: Int64[ndarray, " batch"]
    windows: UInt32[ndarray, " batch"]


@dataclass(frozen=True)
class Hashing:
    """What the random choices of a site depend on."""

    seed: int
    first_unit: int
    """Number of the site's first unit in the model: no two units draw the same sample."""


@dataclass
class Slots:
    """Kept windows [unit, slot] of one site in one split; see `layout.Kept` for their order."""

    kept: Kept
    peaks: Float32[ndarray, "unit slot"]
    """The window's maximum; its minimum in the slots of the bottom."""
    windows: UInt32[ndarray, "unit slot"]
    """Window numbers; `kernels.EMPTY` where nothing is kept yet."""
    keys: UInt64[ndarray, "unit slot"]
    traces: UInt16[ndarray, "unit slot pos"]
    """float16 as its bits."""
    interval_counts: Int64[ndarray, "unit interval"]

    @classmethod
    def empty(cls, n_units: int, n_pos: int, kept: Kept) -> "Slots":
        shape = (n_units, kept.n_slots)
        peaks = np.full(shape, -np.inf, np.float32)
        peaks[:, kept.bottom_from : kept.intervals_from] = np.inf
        return cls(
            kept=kept,
            peaks=peaks,
            windows=np.full(shape, kernels.EMPTY),
            keys=np.full(shape, kernels.LAST_KEY),
            traces=np.full((*shape, n_pos), kernels.NOTHING),
            interval_counts=np.zeros((n_units, kept.n_intervals), np.int64),
        )

    def offer(
        self,
        batch: Batch,
        *,
        highest: Float32[ndarray, "batch unit"],
        lowest: Float32[ndarray, "batch unit"],
        hashing: Hashing,
    ) -> None:
        """Show a batch of windows to the extremes and to the random sample of every unit."""
        kept = self.kept
        shown = (batch.words, batch.lift, batch.lengths, batch.windows)
        held = (self.peaks, self.windows, self.traces)
        if kept.top:
            kernels.offer_extremes(highest, np.float32(1), 0, kept.top, *shown, *held)
        if kept.bottom:
            ends = (kept.bottom_from, kept.intervals_from)
            kernels.offer_extremes(lowest, np.float32(-1), *ends, *shown, *held)
        if kept.random:
            no_edges = np.empty((len(self.peaks), 0), np.float32)
            uncounted = np.zeros((len(self.peaks), 1), np.int64)
            self._sample(
                batch, highest, no_edges, uncounted, kept.random_from, kept.random, hashing
            )

    def offer_intervals(
        self,
        batch: Batch,
        *,
        highest: Float32[ndarray, "batch unit"],
        edges: Float32[ndarray, "unit edge"],
        hashing: Hashing,
    ) -> None:
        """Show a batch to the intervals, whose edges the pilot windows gave."""
        kept = self.kept
        if kept.per_interval:
            counts, start = self.interval_counts, kept.intervals_from
            self._sample(batch, highest, edges, counts, start, kept.per_interval, hashing)

    def _sample(
        self,
        batch: Batch,
        highest: Float32[ndarray, "batch unit"],
        edges: Float32[ndarray, "unit edge"],
        counts: Int64[ndarray, "unit interval"],
        start: int,
        per_interval: int,
        hashing: Hashing,
    ) -> None:
        kernels.offer_random(
            highest, edges, counts, start, per_interval,
            np.uint64(hashing.seed), np.uint64(hashing.first_unit),
            batch.words, batch.lift, batch.lengths, batch.windows,
            self.peaks, self.windows, self.keys, self.traces,
        )  # fmt: skip

    def merged(self, other: "Slots") -> "Slots":
        """Of the union of what both were offered; no window may have been offered to both.

        Raises:
            ValueError: they keep different numbers of windows.
        """
        if self.kept != other.kept:
            raise ValueError("slots of different layout cannot be merged")
        pieces = [_best(self, other, group) for group in _groups(self.kept)]
        return Slots(
            kept=self.kept,
            peaks=np.concatenate([piece.peaks for piece in pieces], 1),
            windows=np.concatenate([piece.windows for piece in pieces], 1),
            keys=np.concatenate([piece.keys for piece in pieces], 1),
            traces=np.concatenate([piece.traces for piece in pieces], 1),
            interval_counts=self.interval_counts + other.interval_counts,
        )

    def ordered(self) -> "Slots":
        """The same windows in their final order: strongest first, random ones by their hash."""
        nothing = Slots.empty(len(self.peaks), self.traces.shape[2], self.kept)
        return self.merged(nothing)


@dataclass(frozen=True)
class _Group:
    start: int
    end: int
    order: Literal["highest", "lowest", "key"]


@dataclass(frozen=True)
class _Piece:
    peaks: ndarray
    windows: ndarray
    keys: ndarray
    traces: ndarray


def _groups(kept: Kept) -> list[_Group]:
    intervals = [
        _Group(start, start + kept.per_interval, "key")
        for start in range(kept.intervals_from, kept.random_from, max(kept.per_interval, 1))
    ]
    return [
        _Group(0, kept.bottom_from, "highest"),
        _Group(kept.bottom_from, kept.intervals_from, "lowest"),
        *intervals,
        _Group(kept.random_from, kept.n_slots, "key"),
    ]


def _best(one: Slots, other: Slots, group: _Group) -> _Piece:
    """The first half of both groups' windows in the group's order."""
    span = slice(group.start, group.end)
    peaks = np.concatenate([one.peaks[:, span], other.peaks[:, span]], 1)
    windows = np.concatenate([one.windows[:, span], other.windows[:, span]], 1)
    keys = np.concatenate([one.keys[:, span], other.keys[:, span]], 1)
    if group.order == "key":
        order = np.argsort(keys, axis=1, kind="stable")
    else:
        sign = -1 if group.order == "highest" else 1
        order = np.lexsort((windows, sign * peaks), axis=1)
    order = order[:, : group.end - group.start]
    traces = np.concatenate([one.traces[:, span], other.traces[:, span]], 1)
    return _Piece(
        np.take_along_axis(peaks, order, 1),
        np.take_along_axis(windows, order, 1),
        np.take_along_axis(keys, order, 1),
        np.take_along_axis(traces, order[:, :, None], 1),
    )
