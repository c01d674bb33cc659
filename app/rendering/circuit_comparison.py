"""Two circuits side by side: what they share, what each has alone, and what chance would share.

Neurons and heads are compared, each counted once with its effects over positions added up. The
Jaccard index is shared ÷ all of both. By chance: two sets of these sizes drawn at random from the
model's units; how many they share is hypergeometric, and its distribution is summed exactly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.protocol.circuits import Circuit
from app.rendering.circuit import strength

Unit = tuple[str, int]


@dataclass(frozen=True)
class Pair:
    """A unit in both circuits, or in one."""

    unit: Unit
    first: float | None
    """Its effect there; None: it is not in it."""
    second: float | None

    @property
    def size(self) -> float:
        return max(abs(self.first or 0.0), abs(self.second or 0.0))


@dataclass(frozen=True)
class Chance:
    """Of two random sets of the same sizes."""

    jaccard: float
    """Expected."""
    high: float
    """What one in twenty pairs of random sets exceeds."""
    p: float
    """How often random sets share at least as many."""


@dataclass(frozen=True)
class Comparison:
    shared: list[Pair]
    """The strongest in either first."""
    only_first: list[Pair]
    only_second: list[Pair]
    jaccard: float | None
    """None: neither has a unit."""
    chance: Chance | None
    """None: it is not known how many units the model has."""
    r: float | None
    """Pearson, of effects of shared units; None of fewer than three, or where one is constant."""
    n_agree: int
    """Shared units whose effect has the same sign in both."""


def compare(first: Circuit, second: Circuit) -> Comparison:
    one, other = effects_of(first), effects_of(second)
    pairs = [Pair(unit, one.get(unit), other.get(unit)) for unit in {**one, **other}]
    pairs.sort(key=lambda pair: (-pair.size, pair.unit))
    shared = [p for p in pairs if p.first is not None and p.second is not None]
    known = [(p.first or 0.0, p.second or 0.0) for p in shared]
    n_units = max(first.n_units or 0, second.n_units or 0)
    enough = n_units >= max(len(one), len(other), 1)
    return Comparison(
        shared=shared,
        only_first=[pair for pair in pairs if pair.second is None],
        only_second=[pair for pair in pairs if pair.first is None],
        jaccard=len(shared) / len(pairs) if pairs else None,
        chance=by_chance(len(one), len(other), n_units, len(shared)) if enough else None,
        r=pearson(known),
        n_agree=sum(a * b > 0 for a, b in known),
    )


def effects_of(circuit: Circuit) -> Mapping[Unit, float]:
    """By unit, over all of its nodes."""
    effects: dict[Unit, float] = {}
    for node in circuit.graph.nodes:
        if node.unit is not None:
            unit = node.unit.site, node.unit.index
            effects[unit] = effects.get(unit, 0.0) + strength(node)
    return effects


def by_chance(n_first: int, n_second: int, n_units: int, n_shared: int) -> Chance:
    """Of sets of these sizes out of so many units."""
    least = max(0, n_first + n_second - n_units)
    most = min(n_first, n_second)
    counts = range(least, most + 1)
    weights = [math.exp(_log_chance(k, n_first, n_second, n_units)) for k in counts]
    indices = [k / (n_first + n_second - k) if n_first + n_second > k else 0.0 for k in counts]
    expected = sum(weight * index for weight, index in zip(weights, indices, strict=True))
    left, high = 1.0, indices[-1]
    for weight, index in zip(weights, indices, strict=True):
        left -= weight
        if left <= 0.05:
            high = index
            break
    p = sum(weight for k, weight in zip(counts, weights, strict=True) if k >= n_shared)
    return Chance(jaccard=expected, high=high, p=min(1.0, p))


def pearson(pairs: Sequence[tuple[float, float]]) -> float | None:
    n = len(pairs)
    if n < 3 or any(len(set(values)) < 2 for values in zip(*pairs, strict=True)):
        return None  # less a mean that is rounded, what is constant would still seem to vary
    mean_a, mean_b = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    saa = sum((a - mean_a) ** 2 for a, _ in pairs)
    sbb = sum((b - mean_b) ** 2 for _, b in pairs)
    if saa <= 0 or sbb <= 0:
        return None
    return sum((a - mean_a) * (b - mean_b) for a, b in pairs) / math.sqrt(saa * sbb)


def _log_chance(k: int, n_first: int, n_second: int, n_units: int) -> float:
    return (
        _log_choose(n_first, k)
        + _log_choose(n_units - n_first, n_second - k)
        - _log_choose(n_units, n_second)
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
