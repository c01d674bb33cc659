"""All that a sweep knows of one site in one split; states of disjoint shards merge exactly.

A state takes whole shards: `begin`, any number of `take`, `end`. The first shard of a split is its
pilot: the maxima of its windows set the edges of the intervals (`settle`, once and for good), and
those of its windows that are at hand are offered to the intervals afterwards (`show_pilot`). The
others are only counted: which these are is chance, so what is kept stays a uniform sample.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from jaxtyping import Float, Float32, Float64, Int16, Int64, UInt32
from numpy import ndarray
from safetensors.numpy import load_file, save_file
from torch import Tensor

from analysis.sweep import kernels, on_device
from analysis.sweep.histogram import BINS
from analysis.sweep.kernels.arguments import Batch, Counting, Extremes, Hashing, Offer, Totals
from analysis.sweep.layout import INTERVAL_QUANTILES, Kept
from analysis.sweep.moments import Moments, MomentTree
from analysis.sweep.patterns import Patterns
from analysis.sweep.slots import Slots


@dataclass
class _Shard:
    """Sums over the windows of the shard under way."""

    number: int
    shift: Float32[ndarray, " unit"] | None
    sums: Float64[ndarray, "4 unit"]
    counts: Int64[ndarray, "4 unit"]


class Taken(NamedTuple):
    """What a batch was to a site."""

    highest: Float32[ndarray, "batch unit"]
    """Every window's maximum."""
    sources: Int16[ndarray, "unit slot"]
    """Which window of the batch a slot has taken, or `kernels.NONE`."""


@dataclass
class SiteState:
    counting: Counting
    hashing: Hashing
    slots: Slots
    moments: MomentTree
    counts: Int64[ndarray, "3 unit"]
    """Positions above 0, above the threshold, and not finite."""
    histogram: UInt32[ndarray, "unit bin"]
    lowest: Float32[ndarray, " unit"]
    highest: Float32[ndarray, " unit"]
    edges: Float32[ndarray, "unit edge"] | None = None
    patterns: Patterns | None = None
    """For heads."""
    n_windows: int = 0
    shards: set[int] = field(default_factory=set)
    _shard: _Shard | None = None

    @classmethod
    def empty(
        cls,
        n_units: int,
        n_pos: int,
        *,
        kept: Kept,
        counting: Counting,
        first_unit: int,
        patterns: Patterns | None = None,
    ) -> "SiteState":
        return cls(
            counting=counting,
            hashing=Hashing(counting.seed, first_unit),
            slots=Slots.empty(n_units, n_pos, kept),
            moments=MomentTree(),
            counts=np.zeros((3, n_units), np.int64),
            histogram=np.zeros((n_units, BINS), np.uint32),
            lowest=np.full(n_units, np.inf, np.float32),
            highest=np.full(n_units, -np.inf, np.float32),
            patterns=patterns,
        )

    @property
    def n_units(self) -> int:
        return len(self.highest)

    def begin(self, shard: int) -> None:
        """Open a shard.

        Raises:
            ValueError: it is counted already, or another is open.
        """
        if self._shard is not None or shard in self.shards:
            raise ValueError(f"shard {shard} cannot be begun: counted, or another is open")
        sums, counts = np.zeros((4, self.n_units)), np.zeros((4, self.n_units), np.int64)
        self._shard = _Shard(shard, None, sums, counts)

    def take(self, batch: Batch) -> Taken:
        """Count a batch of the open shard."""
        shard = self._open_shard
        if shard.shift is None:
            shard.shift = _mean_of_first(batch, self.counting.first)
        totals = Totals(shard.shift, shard.sums, shard.counts, self.histogram)
        extremes, sources = kernels.take(
            batch, self.counting, totals, self.hashing, self._offer, self._known_edges,
            self.slots.held,
        )  # fmt: skip
        self._count(extremes)
        return Taken(extremes.highest, sources)

    def take_on_device(
        self,
        activations: Float[Tensor, "batch pos unit"],
        lengths: Int64[ndarray, " batch"],
        windows: UInt32[ndarray, " batch"],
    ) -> Taken:
        """`take`, of activations that are not in the CPU's memory and need not go there."""
        shard, counting = self._open_shard, self.counting
        if shard.shift is None:
            shard.shift = on_device.mean_of(activations[0, counting.first : int(lengths[0])])
        totals = Totals(shard.shift, shard.sums, shard.counts, self.histogram)
        extremes = on_device.reduce_on_device(
            activations, lengths=lengths, windows=windows, counting=counting, totals=totals
        )
        sources = self._choose(extremes, windows, self._offer)
        units, slots = np.nonzero(sources != kernels.NONE)
        if len(units):
            self.slots.traces[units, slots, : activations.shape[1]] = on_device.traces_of(
                activations,
                windows=sources[units, slots].astype(np.int64),
                units=units,
                lengths=lengths,
            )
        self._count(extremes)
        return Taken(extremes.highest, sources)

    def end(self) -> None:
        shard = self._open_shard
        if shard.shift is not None:
            moments = Moments.from_power_sums(
                shard.counts[0], shard.shift.astype(np.float64), shard.sums
            )
            self.moments.add(shard.number, moments)
            self.counts += shard.counts[1:]
        self.shards.add(shard.number)
        self._shard = None

    def settle(self, highest: Float32[ndarray, "window unit"]) -> None:
        """Set the edges of the intervals from the pilot windows' maxima."""
        self.edges = interval_edges(highest)

    def show_pilot(self, batch: Batch, highest: Float32[ndarray, "batch unit"]) -> None:
        """Offer pilot windows to the intervals, now that their edges are known."""
        if self.edges is None:
            raise ValueError("the edges of the intervals are not known yet")
        if self.slots.kept.per_interval:
            extremes = Extremes(highest, highest)
            sources = self._choose(extremes, batch.windows, self.slots.offer_to_intervals())
            kernels.copy_chosen(batch, sources, self.slots.held)

    def count_pilot(self, highest: Float32[ndarray, "window unit"]) -> None:
        """Count pilot windows that are not at hand any more in their intervals."""
        if self.edges is None:
            raise ValueError("the edges of the intervals are not known yet")
        if not self.slots.kept.per_interval:
            return
        interval = (highest[:, :, None] > self.edges).sum(2)
        for number in range(self.slots.kept.n_intervals):
            there = (interval == number) & np.isfinite(highest)
            self.slots.interval_counts[:, number] += there.sum(0)

    def merged(self, other: "SiteState") -> "SiteState":
        """Of the union of both sets of shards.

        Raises:
            ValueError: a shard is in both, or their settings or interval edges differ.
        """
        if (self.counting, self.hashing) != (other.counting, other.hashing):
            raise ValueError("states of different settings cannot be merged")
        edges = _same_edges(self.edges, other.edges)
        moments = MomentTree(dict(self.moments.nodes))
        moments.merge(other.moments)
        patterns = self.patterns
        if patterns is not None and other.patterns is not None:
            patterns = patterns.merged(other.patterns)
        slots = self.slots.merged(other.slots)
        if patterns is not None:
            patterns.keep_only(slots.windows)
        return SiteState(
            counting=self.counting,
            hashing=self.hashing,
            slots=slots,
            moments=moments,
            counts=self.counts + other.counts,
            histogram=self.histogram + other.histogram,
            lowest=np.minimum(self.lowest, other.lowest),
            highest=np.maximum(self.highest, other.highest),
            edges=edges,
            patterns=patterns,
            n_windows=self.n_windows + other.n_windows,
            shards=self.shards | other.shards,
        )

    @property
    def _open_shard(self) -> _Shard:
        if self._shard is None:
            raise ValueError("no shard is open")
        return self._shard

    @property
    def _offer(self) -> Offer:
        return self.slots.offer(intervals=self.edges is not None)

    @property
    def _known_edges(self) -> Float32[ndarray, "unit edge"]:
        """None of them as long as they are not known."""
        return np.empty((self.n_units, 0), np.float32) if self.edges is None else self.edges

    def _choose(
        self, extremes: Extremes, windows: UInt32[ndarray, " batch"], offer: Offer
    ) -> Int16[ndarray, "unit slot"]:
        chosen: Int16[ndarray, "unit slot"] = kernels.choose_all(
            extremes, windows, self.hashing, offer, self._known_edges, self.slots.held
        )
        return chosen

    def _count(self, extremes: Extremes) -> None:
        np.maximum(self.highest, extremes.highest.max(0), out=self.highest)
        np.minimum(self.lowest, extremes.lowest.min(0), out=self.lowest)
        self.n_windows += len(extremes.highest)


def interval_edges(highest: Float32[ndarray, "window unit"]) -> Float32[ndarray, "unit edge"]:
    """Quantiles of the window maximum; windows without a finite activation do not count."""
    finite = np.isfinite(highest)
    if finite.all():
        quantiles = np.quantile(highest, INTERVAL_QUANTILES, axis=0)
        return np.ascontiguousarray(quantiles.T, dtype=np.float32)
    edges = np.zeros((highest.shape[1], len(INTERVAL_QUANTILES)), np.float32)
    for unit in range(highest.shape[1]):
        values = highest[finite[:, unit], unit]
        if len(values):
            edges[unit] = np.quantile(values, INTERVAL_QUANTILES)
    return edges


def save_state(state: SiteState, path: Path, stamp: Int64[ndarray, " number"]) -> None:
    """Write a state between shards to one file, in place of what was there, all or nothing."""
    arrays = {
        "slots.peaks": state.slots.peaks,
        "slots.windows": state.slots.windows,
        "slots.keys": state.slots.keys,
        "slots.traces": state.slots.traces,
        "slots.interval_counts": state.slots.interval_counts,
        "counts": state.counts,
        "histogram": state.histogram,
        "lowest": state.lowest,
        "highest": state.highest,
        "n_windows": np.array([state.n_windows]),
        "stamp": stamp,
        "shards": np.array(sorted(state.shards), np.int64),
    }
    if state.edges is not None:
        arrays["edges"] = state.edges
    if state.patterns is not None:
        saved = state.patterns.arrays()
        arrays |= {f"patterns.{name}": array for name, array in saved.items()}
    for (level, index), node in state.moments.nodes.items():
        stacked = np.stack([node.mean, node.m2, node.m3, node.m4])
        arrays[f"moments.{level}.{index}.sums"] = stacked
        arrays[f"moments.{level}.{index}.n"] = node.n
    # A name of its own: a worker that was thought dead may be writing too.
    partial = path.with_suffix(f".{uuid4().hex}.partial")
    try:
        save_file(arrays, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_state(path: Path, empty: SiteState, stamp: Int64[ndarray, " number"]) -> SiteState:
    """The state that was written; `empty` gives its settings.

    Raises:
        ValueError: it was written with another stamp.
    """
    arrays = load_file(path)
    if not np.array_equal(arrays["stamp"], stamp):
        raise ValueError("it is of another plan")
    state = empty
    slots = state.slots
    slots.peaks, slots.windows = arrays["slots.peaks"], arrays["slots.windows"]
    slots.keys, slots.traces = arrays["slots.keys"], arrays["slots.traces"]
    slots.interval_counts = arrays["slots.interval_counts"]
    state.counts, state.histogram = arrays["counts"], arrays["histogram"]
    state.lowest, state.highest = arrays["lowest"], arrays["highest"]
    state.n_windows = int(arrays["n_windows"][0])
    state.shards = set(arrays["shards"].tolist())
    state.edges = arrays.get("edges")
    if state.patterns is not None:
        saved = {n.removeprefix("patterns."): a for n, a in arrays.items() if "patterns." in n}
        state.patterns = Patterns.from_arrays(state.patterns.n_pos, saved)
    for name in arrays:
        if name.startswith("moments.") and name.endswith(".sums"):
            _, level, index, _ = name.split(".")
            n = arrays[f"moments.{level}.{index}.n"]
            state.moments.nodes[(int(level), int(index))] = Moments(n, *arrays[name])
    return state


def _mean_of_first(batch: Batch, first: int) -> Float32[ndarray, " unit"]:
    """Mean over the counted positions of the batch's first window: near enough to every mean that
    sums of powers about it keep their digits, and independent of the batch size."""
    column = batch.words[0, first : batch.lengths[0]]
    values = (column.astype(np.uint32) << np.uint32(batch.lift)).view(np.float32)
    if not len(values):
        return np.zeros(batch.words.shape[2], np.float32)
    mean = values.mean(0, dtype=np.float64)
    return np.where(np.isfinite(mean), mean, 0).astype(np.float32)


def _same_edges(
    one: Float32[ndarray, "unit edge"] | None, other: Float32[ndarray, "unit edge"] | None
) -> Float32[ndarray, "unit edge"] | None:
    if one is not None and other is not None and not np.array_equal(one, other):
        raise ValueError("states with different interval edges cannot be merged")
    return other if one is None else one
