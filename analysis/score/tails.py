"""When a unit fires: which tail of its activations is judged, and from where on.

Gated neurons have activations of both signs, and what they respond to may be what makes them low.
Detection, fuzzing and AUROC ask when a unit fires, so they judge the heavier tail: of the 1 % of
the positions of the fit pool that would fire upwards and the 1 % that would fire downwards, the one
whose mean root distance from the median is larger. Not a quantile, for a unit that fires at one
token of 300 does not move its 0.5 % quantile; roots, and not skewness, whose third power lets a
single outlier decide; from the median, because what a unit does nearly always is no firing,
whatever its sign. Where no activation is below 0 (norms of heads, rectified units), or none above,
the tail of that sign is it. Only fit is looked at. Units whose tails are nearly alike are judged on
one or the other by chance.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray

Tail: TypeAlias = Literal["upper", "lower"]
FIRING_PERCENTILE = 99


@dataclass(frozen=True)
class Firing:
    """The unit fires where its activation is beyond the threshold."""

    threshold: float
    """In the unit's own units, of either tail."""
    tail: Tail = "upper"

    def of(self, actual: Float[ndarray, "*axes"]) -> Bool[ndarray, "*axes"]:
        """Where it fires."""
        beyond = actual > self.threshold if self.tail == "upper" else actual < self.threshold
        return np.asarray(beyond)

    def upwards(self, values: Float[ndarray, "*axes"]) -> Float[ndarray, "*axes"]:
        """Activations or predictions, turned over where it is the lower tail: high is firing."""
        return values if self.tail == "upper" else -values


def find_firing(
    fit: Float[ndarray, "unit window pos"], within: Bool[ndarray, "window pos"]
) -> list[Firing | None]:
    """Of each unit, beyond the 99th percentile (the 1st, of a lower tail) of its activations on the
    fit pool, at the positions that count (`Pool.within`); None where none is finite."""
    found: list[Firing | None] = []
    for actual in fit:
        values = actual[within].astype(np.float32)
        values = values[np.isfinite(values)]
        found.append(_firing(values) if len(values) else None)
    return found


def _firing(values: Float32[ndarray, " token"]) -> Firing:
    n = len(values)
    place = FIRING_PERCENTILE / 100 * (n - 1)
    below = int(place)
    above = min(below + 1, n - 1)
    last = n - 1
    ordered = np.partition(values, (last - above, last - below, n // 2, below, above))
    lower, upper = ordered[: n - above], ordered[above:]
    median = float(ordered[n // 2])
    if lower.min() >= 0 or upper.max() <= 0:
        is_lower = bool(lower.min() < 0)
    else:
        is_lower = _reach(median - lower) > _reach(upper - median)
    ends = (last - below, last - above) if is_lower else (below, above)
    near, far = (float(ordered[end]) for end in ends)
    threshold = near + (place - below) * (far - near)
    return Firing(threshold, "lower" if is_lower else "upper")


def _reach(distances: Float32[ndarray, " outermost"]) -> float:
    """The same to the last bit for the same distances in another order."""
    return float(np.sqrt(np.sort(distances)).mean(dtype=np.float64))
