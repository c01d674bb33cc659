"""The windows kept for every unit of a site: what enters, how two sets join, how they end.

Which windows are kept depends only on which were offered, never on their order or grouping:
extremes tie on the window number, random ones have the smallest seeded hash. So the state of a
union is the join of the states.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64, UInt16, UInt32, UInt64
from numpy import ndarray

from analysis.sweep import kernels
from analysis.sweep.kernels.arguments import Held, Offer
from analysis.sweep.layout import Kept


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

    @property
    def held(self) -> Held:
        return Held(self.peaks, self.windows, self.keys, self.traces, self.interval_counts)

    def offer(self, *, intervals: bool) -> Offer:
        """To all slots; to those of the intervals only where their edges are known."""
        kept = self.kept
        return Offer(
            top_end=kept.bottom_from,
            bottom_from=kept.bottom_from,
            bottom_end=kept.intervals_from,
            intervals_from=kept.intervals_from,
            per_interval=kept.per_interval if intervals else 0,
            random_from=kept.random_from,
            random_end=kept.n_slots,
        )

    def offer_to_intervals(self) -> Offer:
        """To no others."""
        kept = self.kept
        return self.offer(intervals=True)._replace(
            top_end=0, bottom_end=kept.bottom_from, random_end=kept.random_from
        )

    def merged(self, other: "Slots") -> "Slots":
        """Of the union of what both were offered; no window may have been offered to both.

        Raises:
            ValueError: they keep different numbers of windows.
        """
        if self.kept != other.kept:
            raise ValueError("slots of different layout cannot be merged")
        counts = self.interval_counts + other.interval_counts
        return _joined(self.kept, counts, [self, other])

    def ordered(self) -> "Slots":
        """The same windows in their final order: strongest first, random ones by their hash."""
        return _joined(self.kept, self.interval_counts, [self])


@dataclass(frozen=True)
class _Group:
    start: int
    end: int
    order: Literal["highest", "lowest", "key"]


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


def _joined(kept: Kept, interval_counts: Int64[ndarray, "unit interval"], of: list[Slots]) -> Slots:
    """The best windows of several slots, in the order of each group."""
    peaks = np.concatenate([each.peaks for each in of], 1)
    windows = np.concatenate([each.windows for each in of], 1)
    keys = np.concatenate([each.keys for each in of], 1)
    order = np.concatenate(
        [_order(group, peaks, windows, keys, kept.n_slots, len(of)) for group in _groups(kept)], 1
    )
    traces = [each.traces for each in of]
    return Slots(
        kept=kept,
        peaks=np.take_along_axis(peaks, order, 1),
        windows=np.take_along_axis(windows, order, 1),
        keys=np.take_along_axis(keys, order, 1),
        traces=kernels.gather_traces(traces[0], traces[-1], order),
        interval_counts=interval_counts,
    )


def _order(
    group: _Group,
    peaks: ndarray,
    windows: ndarray,
    keys: ndarray,
    n_slots: int,
    n_joined: int,
) -> Int64[ndarray, "unit slot"]:
    """Where the windows that fill a group stand among all, best first."""
    places = np.concatenate(
        [np.arange(group.start, group.end) + i * n_slots for i in range(n_joined)]
    )
    if group.order == "key":
        order = np.argsort(keys[:, places], axis=1, kind="stable")
    else:
        sign = -1 if group.order == "highest" else 1
        order = np.lexsort((windows[:, places], sign * peaks[:, places]), axis=1)
    return places[order[:, : group.end - group.start]]
