"""Two circuits side by side: what they share, what each has alone, and what chance would share.

Neurons and heads are compared, each counted once with its effects over positions added up. The
Jaccard index is shared ÷ all of both; chance is that of two sets of these sizes drawn at random
from the model's units (`analysis.score.overlap`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.protocol.circuits import Circuit
from analysis.score.correlation import pearson
from analysis.score.overlap import Chance, by_chance
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
class Comparison:
    shared: list[Pair]
    """The strongest in either first."""
    only_first: list[Pair]
    only_second: list[Pair]
    jaccard: float | None
    """None: neither has a unit."""
    chance: Chance | None
    """None: it is not known how many units the model has, or the two are of models that differ in
    that."""
    r: float | None
    """Pearson, of effects of shared units; None of fewer than three, or where one is constant."""
    n_agree: int
    """Shared units whose effect has the same sign in both."""


def compare(first: Circuit, second: Circuit, *, one_model: bool = True) -> Comparison:
    """`one_model`: both are of it, so that they are drawn from the same units."""
    one, other = effects_of(first), effects_of(second)
    pairs = [Pair(unit, one.get(unit), other.get(unit)) for unit in {**one, **other}]
    pairs.sort(key=lambda pair: (-pair.size, pair.unit))
    shared = [p for p in pairs if p.first is not None and p.second is not None]
    known = [(p.first or 0.0, p.second or 0.0) for p in shared]
    n_units = _n_units(first, second, one_model=one_model) or 0
    enough = n_units >= max(len(one), len(other), 1)
    return Comparison(
        shared=shared,
        only_first=[pair for pair in pairs if pair.second is None],
        only_second=[pair for pair in pairs if pair.first is None],
        jaccard=len(shared) / len(pairs) if pairs else None,
        chance=by_chance(len(one), len(other), n_units, len(shared)) if enough else None,
        r=_correlation(known),
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


def _n_units(first: Circuit, second: Circuit, *, one_model: bool) -> int | None:
    """Of which both are drawn; None: that is not known, or there is no such number of both."""
    known = {circuit.n_units for circuit in (first, second)}
    if one_model:
        known.discard(None)
    return known.pop() if len(known) == 1 else None


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    if len(pairs) < 3 or any(len(set(values)) < 2 for values in zip(*pairs, strict=True)):
        return None  # less a mean that is rounded, what is constant would still seem to vary
    one, other = np.array(pairs, dtype=np.float64).T
    r = pearson(one, other)
    return r if math.isfinite(r) else None
