"""How often a unit fires at all, and what that makes of a judge's precision.

Precision is hits/(hits + false alarms), so it rises with the share of firing windows among those
that were judged. A language model is asked about windows of which half fire (`detection`); in the
pool far fewer do. With the recall ρ, the false-alarm rate f and the prevalence π in the pool,
precision there is ρπ/(ρπ + f(1 − π)).

Windows that nearly fire are more frequent among the judged than in the pool, too, so f is put
together from both kinds of quiet windows in the proportion in which the pool has them.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray

FIRING, NEAR, OTHER = 0, 1, 2


@dataclass(frozen=True)
class Parts:
    """From which part of the pool each window was drawn."""

    kinds: Int64[ndarray, " case"]
    """FIRING, NEAR (quiet, and nearly firing) or OTHER (quiet)."""
    sizes: tuple[int, int, int]
    """Windows of the pool of each kind."""


@dataclass(frozen=True)
class InPool:
    prevalence: float
    """The share of the pool's windows in which the unit fires."""
    precision: float | None
    """None: the judge never says yes, or all its answers about some part could not be read."""


def in_pool(
    parts: Parts, cases: Int64[ndarray, " answer"], says: Bool[ndarray, " answer"]
) -> InPool:
    """What verdicts on such windows tell of the pool; `cases`: which windows were answered."""
    firing, near, other = parts.sizes
    prevalence = firing / (firing + near + other)
    kinds = parts.kinds[cases]
    yes = np.zeros(len(parts.sizes))
    for kind, size in enumerate(parts.sizes):
        answers = says[kinds == kind]
        if size and not len(answers):
            return InPool(prevalence, None)
        yes[kind] = size * answers.mean() if size else 0.0
    return InPool(prevalence, float(yes[FIRING] / yes.sum()) if yes.any() else None)
