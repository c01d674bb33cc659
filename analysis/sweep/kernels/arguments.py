"""What the compiled loops are given: named tuples, which the compiler knows field by field."""

from typing import NamedTuple

from jaxtyping import Float32, Float64, Int64, Shaped, UInt16, UInt32, UInt64
from numpy import ndarray


class Batch(NamedTuple):
    """A batch of windows as one site sees it."""

    words: Shaped[ndarray, "batch pos unit"]
    """Activations as bits: float32 (lift 0), bfloat16 (16) or float16 (HALF_ALREADY)."""
    lift: int
    lengths: Int64[ndarray, " batch"]
    windows: UInt32[ndarray, " batch"]

    def first(self, n: int) -> "Batch":
        """The first n windows, or all if there are fewer."""
        return Batch(self.words[:n], self.lift, self.lengths[:n], self.windows[:n])


class Counting(NamedTuple):
    """Which positions are counted, and how; the same for all sites of a run."""

    first: int
    """First position that counts."""
    threshold: float
    histogram_every: int
    seed: int


class Hashing(NamedTuple):
    """What the random choices of a site depend on."""

    seed: int
    first_unit: int
    """Number of the site's first unit in the model: no two units draw the same sample."""


class Totals(NamedTuple):
    """What a batch adds to."""

    shift: Float32[ndarray, " unit"]
    sums: Float64[ndarray, "4 unit"]
    """Of powers of (a − shift)."""
    counts: Int64[ndarray, "4 unit"]
    """Counted, above 0, above the threshold, not finite."""
    histogram: UInt32[ndarray, "unit bin"]


class Extremes(NamedTuple):
    """Of every window of a batch; NaN or infinite where it has no finite activation."""

    highest: Float32[ndarray, "batch unit"]
    lowest: Float32[ndarray, "batch unit"]


class Held(NamedTuple):
    """The windows that the units of a site keep so far."""

    peaks: Float32[ndarray, "unit slot"]
    windows: UInt32[ndarray, "unit slot"]
    keys: UInt64[ndarray, "unit slot"]
    traces: UInt16[ndarray, "unit slot pos"]
    interval_counts: Int64[ndarray, "unit interval"]


class Offer(NamedTuple):
    """Which slots a batch is offered to; a range without slots is offered nothing."""

    top_end: int
    """The highest windows stand in the slots from 0 on,"""
    bottom_from: int
    bottom_end: int
    """the lowest in these,"""
    intervals_from: int
    per_interval: int
    """each interval's own in so many, one interval after the other,"""
    random_from: int
    random_end: int
    """and those drawn from all windows in these."""
