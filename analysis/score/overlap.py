"""How much two sets share by chance: both drawn at random from the same units, in their sizes.

How many they share is hypergeometric, and its distribution is summed exactly. Their Jaccard index
is what they share ÷ all of both.
"""

import math
from dataclasses import dataclass

RARE = 0.05
"""Of pairs of random sets, so many exceed `Chance.high` at most."""


@dataclass(frozen=True)
class Chance:
    """Of two random sets of the same sizes."""

    jaccard: float
    """Expected."""
    high: float
    """What one in twenty pairs of random sets exceeds."""
    p: float
    """How often random sets share at least as many."""


def by_chance(n_first: int, n_second: int, n_units: int, n_shared: int) -> Chance:
    """Of sets of these sizes out of so many units. ValueError: a set is larger than that."""
    if max(n_first, n_second) > n_units:
        raise ValueError(f"no set of {max(n_first, n_second)} can be drawn from {n_units} units")
    least = max(0, n_first + n_second - n_units)
    counts = range(least, min(n_first, n_second) + 1)
    weights = [math.exp(_log_chance(k, n_first, n_second, n_units)) for k in counts]
    indices = [k / (n_first + n_second - k) if n_first + n_second > k else 0.0 for k in counts]
    expected = sum(weight * index for weight, index in zip(weights, indices, strict=True))
    left, high = 1.0, indices[-1]
    for weight, index in zip(weights, indices, strict=True):
        left -= weight
        if left <= RARE:
            high = index
            break
    p = sum(weight for k, weight in zip(counts, weights, strict=True) if k >= n_shared)
    return Chance(jaccard=expected, high=high, p=min(1.0, p))


def _log_chance(k: int, n_first: int, n_second: int, n_units: int) -> float:
    return (
        _log_choose(n_first, k)
        + _log_choose(n_units - n_first, n_second - k)
        - _log_choose(n_units, n_second)
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
