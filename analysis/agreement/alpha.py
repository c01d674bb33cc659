"""Krippendorff's alpha: 1 where all agree, 0 where they agree as if values were dealt at random.

Any number of annotators, who need not all judge every item; nominal, ordinal or interval values.
Source: Krippendorff, *Computing Krippendorff's Alpha-Reliability* (2011). With o_ck the
coincidences of values c and k within items, n_c their margins and d_ck a squared distance,
alpha = 1 - (n - 1) · Σ o_ck d_ck / Σ n_c n_k d_ck.

The interval resamples what the items are of (of explanations: units, which are what a campaign
samples, each with all of its explanations); annotators stay who they are.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Float, Int

from analysis.errors import AnalysisError
from analysis.score.bootstrap import FEWEST_DOCUMENTS, intervals

Level = Literal["nominal", "ordinal", "interval"]

REPLICATES: Final = 2000
AT_ONCE: Final = 100
"""Replicates that are drawn together."""


@dataclass(frozen=True)
class Alpha:
    value: float | None
    """None: nothing can be said: no item has two judgements, or all judgements are the same."""
    low: float | None
    high: float | None
    """95 %, over groups; None of fewer than six, or where many resamples say nothing."""
    n_items: int
    """With two judgements or more: others say nothing of agreement."""
    n_groups: int
    """Of these items; without groups, each is one of its own."""
    n_judgements: int
    """Of these items."""


def alpha(
    ratings: Float[np.ndarray, "annotator item"],
    groups: Int[np.ndarray, " item"] | None = None,
    *,
    level: Level,
    seed: int = 0,
) -> Alpha:
    """NaN: not judged. Ordinal values count by their order, interval values by themselves. `groups`
    number what each item is of, which is drawn as a whole; None: each by itself. Raises
    AnalysisError where a value is infinite."""
    values, counts = counted(ratings)
    paired = counts.sum(axis=1) >= 2
    counts = counts[paired]
    of = np.arange(len(paired)) if groups is None else groups
    place = np.unique(of[paired], return_inverse=True)[1]
    n_groups = int(place.max()) + 1 if len(place) else 0
    coincidences = np.zeros((n_groups, len(values), len(values)))
    np.add.at(coincidences, place, _coincidences(counts))
    told = _alpha(coincidences.sum(axis=0)[None], values, level)[0] if n_groups else np.nan
    low, high = _interval(coincidences, values, level, seed)
    return Alpha(
        value=None if np.isnan(told) else float(told),
        low=low,
        high=high,
        n_items=len(counts),
        n_groups=n_groups,
        n_judgements=int(counts.sum()),
    )


def counted(
    ratings: Float[np.ndarray, "annotator item"],
) -> tuple[Float[np.ndarray, " value"], Int[np.ndarray, "item value"]]:
    """The values that occur, in their order, and how many gave each item each of them."""
    if np.isinf(ratings).any():
        raise AnalysisError(
            "a rating is infinite", hint="Give numbers, and NaN for what is missing."
        )
    given = ~np.isnan(ratings)
    values, codes = np.unique(ratings[given], return_inverse=True)
    counts = np.zeros((ratings.shape[1], len(values)), np.int64)
    np.add.at(counts, (np.nonzero(given)[1], codes), 1)
    return values, counts


def _coincidences(counts: Int[np.ndarray, "item value"]) -> Float[np.ndarray, "item value value"]:
    """Of each item: pairs of judgements by two people, weighted so that each counts once."""
    pairs = counts[:, :, None] * counts[:, None, :].astype(np.float64)
    pairs -= np.eye(counts.shape[1]) * counts[:, None, :]
    return np.asarray(pairs / (counts.sum(axis=1) - 1)[:, None, None])


def _alpha(
    coincidences: Float[np.ndarray, "replicate value value"],
    values: Float[np.ndarray, " value"],
    level: Level,
) -> Float[np.ndarray, " replicate"]:
    """NaN where all judgements are the same."""
    margins = coincidences.sum(axis=2)
    distances = _distances(margins, values, level)
    seen = (coincidences * distances).sum(axis=(1, 2))
    chance = (margins[:, :, None] * margins[:, None, :] * distances).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        told = 1 - (margins.sum(axis=1) - 1) * seen / chance
    return np.where(chance > 0, told, np.nan)


def _distances(
    margins: Float[np.ndarray, "replicate value"], values: Float[np.ndarray, " value"], level: Level
) -> Float[np.ndarray, "replicate value value"]:
    """Squared. Ordinal: judgements that lie between two values, both ends by half."""
    if level == "nominal":
        different = (values[:, None] != values[None, :]).astype(np.float64)
        return np.broadcast_to(different, (len(margins), *different.shape))
    if level == "interval":
        apart = (values[:, None] - values[None, :]) ** 2
        return np.broadcast_to(apart, (len(margins), *apart.shape))
    middles = margins.cumsum(axis=1) - margins / 2
    return (middles[:, :, None] - middles[:, None, :]) ** 2


def _interval(
    coincidences: Float[np.ndarray, "group value value"],
    values: Float[np.ndarray, " value"],
    level: Level,
    seed: int,
) -> tuple[float | None, float | None]:
    n_groups = len(coincidences)
    if n_groups < FEWEST_DOCUMENTS:
        return None, None
    generator = np.random.default_rng(seed)
    # groups of which people said the same are drawn alike: it is enough to draw how many of each
    kinds, n_of_kind = np.unique(
        coincidences.reshape(n_groups, -1).round(9), axis=0, return_counts=True
    )
    shares = n_of_kind / n_groups
    told = []
    for _ in range(0, REPLICATES, AT_ONCE):
        drawn = generator.multinomial(n_groups, shares, AT_ONCE).astype(np.float64)
        told.append(
            _alpha((drawn @ kinds).reshape(AT_ONCE, *coincidences.shape[1:]), values, level)
        )
    ((low, high),) = intervals(np.concatenate(told)[:, None], n_groups)
    return (None, None) if np.isnan(low) else (float(low), float(high))
