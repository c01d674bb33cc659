"""A ranking of units held to account at all sizes, beside another.

CPR and CMD (Mueller et al. 2025) are areas over the share of units; here of neurons and heads. CPR
and the distance between two curves are functions of the same prompts, and are resampled with them:
two curves whose intervals overlap may be surely apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int
from numpy import ndarray
from torch import Tensor

from analysis.circuits.judging import Judge
from analysis.circuits.ratios import interval_of, replicates
from analysis.protocol.proofs import Curve, CurveOf, Point

SHARES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of all units; those of Mueller et al. 2025."""


@dataclass(frozen=True, eq=False)
class Course:
    """What a ranking's units do by themselves, pair by pair, from few of them to all."""

    of: CurveOf
    sizes: tuple[int, ...]
    """The last is all units."""
    kept: Float64[ndarray, "size pair"]
    """The metric with the first of them alone."""
    left: Float64[ndarray, "size pair"] | None = None
    """The metric without them."""


def sizes_of(n: int) -> list[int]:
    """How many units each share is; each size once."""
    return sorted({max(1, round(share * n)) for share in SHARES})


def course(
    judge: Judge,
    of: CurveOf,
    order: Int[Tensor, " unit"] | None,
    *,
    seed: int = 0,
    completeness: bool = False,
) -> Course:
    """`order` of units, the first kept first; None at random, the mean over several draws. All
    units are not run: they are the untouched network."""
    sizes = sizes_of(len(judge.units))
    kept, left = [], []
    for size in sizes[:-1]:
        if order is None:
            kept.append(judge.twin_values(size, seed))
            continue
        keep = judge.units.only(order[:size])
        kept.append(judge.values(keep))
        if completeness:
            left.append(judge.values(1 - keep))
    return Course(
        of=of,
        sizes=tuple(sizes),
        kept=np.stack([*kept, judge.whole]),
        left=np.stack([*left, judge.empty]) if completeness and order is not None else None,
    )


def curve(judge: Judge, found: Course, beside: Course | None = None) -> Curve:
    """With the distance from another's at each size: by how much that one is above."""
    points = []
    for number, size in enumerate(found.sizes):
        kept, left = found.kept[number], None if found.left is None else found.left[number]
        margin = None if beside is None else judge.share(beside.kept[number] - kept)
        points.append(
            Point(
                n_units=size,
                share=size / len(judge.units),
                faithfulness=judge.faithfulness(kept),
                completeness=None if left is None else judge.faithfulness(left),
                margin=margin,
            )
        )
    cpr, cmd = areas(points)
    return Curve(
        of=found.of, points=tuple(points), cpr=cpr, cmd=cmd,
        cpr_interval=_cpr_interval(judge, found),
    )  # fmt: skip


def areas(points: Sequence[Point]) -> tuple[float, float]:
    """CPR and CMD: means of faithfulness and of |1 − faithfulness| over the share of units."""
    shares = np.array([point.share for point in points])
    values = np.array([point.faithfulness.value for point in points])
    cpr, cmd = _means_over(shares, np.stack([values, np.abs(1 - values)])).tolist()
    return cpr, cmd


def _means_over(
    shares: Float64[ndarray, " size"], values: Float64[ndarray, "curve size"]
) -> Float64[ndarray, " curve"]:
    """By trapezoids; of one size its value."""
    if len(shares) < 2:
        return values[:, 0]
    width = shares[-1] - shares[0]
    means: Float64[ndarray, " curve"] = np.trapezoid(values, shares, axis=1) / width
    return means


def _cpr_interval(judge: Judge, found: Course) -> tuple[float, float] | None:
    drawn = replicates((found.kept - judge.empty).T, judge.whole - judge.empty, judge.prompts)
    shares = np.array([size / len(judge.units) for size in found.sizes])
    return interval_of(_means_over(shares, drawn), len(np.unique(judge.prompts)))
