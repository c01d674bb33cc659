"""Cohen's kappa: how far two people agree on the items that both judged, beyond chance.

kappa = 1 - Σ w_ck o_ck / Σ w_ck e_ck, with o the shares of pairs of values, e those that would come
of each judging by themselves, and w the weight of a disagreement: 1 for nominal values, the squared
difference of ranks for ordinal ones. Sources: Cohen (1960), Cohen (1968).
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from jaxtyping import Float

Level = Literal["nominal", "ordinal"]


@dataclass(frozen=True)
class Kappa:
    first: int
    second: int
    """Annotators, by their rows."""
    value: float | None
    """None: they share no item, or both always said the same one thing."""
    agreed: float | None
    """Share of the shared items on which both said the same."""
    n_items: int
    """That both judged."""


def kappas(ratings: Float[np.ndarray, "annotator item"], level: Level) -> list[Kappa]:
    """Of every two annotators, in the order of their rows. NaN: not judged."""
    ranks = _ranks(ratings)
    return [
        _kappa(ranks, first, second, level) for first, second in combinations(range(len(ranks)), 2)
    ]


def _ranks(ratings: Float[np.ndarray, "annotator item"]) -> Float[np.ndarray, "annotator item"]:
    """Values as 0, 1, 2, … in their order, of all that anybody gave."""
    given = ~np.isnan(ratings)
    ranks = np.full(ratings.shape, np.nan)
    ranks[given] = np.unique(ratings[given], return_inverse=True)[1]
    return ranks


def _kappa(
    ranks: Float[np.ndarray, "annotator item"], first: int, second: int, level: Level
) -> Kappa:
    shared = ~np.isnan(ranks[first]) & ~np.isnan(ranks[second])
    n_items = int(shared.sum())
    if n_items == 0:
        return Kappa(first, second, None, None, 0)
    one, other = (ranks[row, shared].astype(np.int64) for row in (first, second))
    size = int(max(one.max(), other.max())) + 1
    seen = np.zeros((size, size))
    np.add.at(seen, (one, other), 1 / n_items)
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0))
    apart = np.arange(size)[:, None] - np.arange(size)[None, :]
    weights = (apart != 0).astype(np.float64) if level == "nominal" else apart.astype(float) ** 2
    chance = float((weights * expected).sum())
    value = None if chance == 0 else 1 - float((weights * seen).sum()) / chance
    return Kappa(first, second, value, float((one == other).mean()), n_items)
