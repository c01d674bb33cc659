"""Whether a number of an explanation, such as its score, says beforehand what people make of it.

Comes in: one number for each explanation and how many people accepted and rejected it. Goes out:
AUROC, the share of pairs (an acceptance, a rejection) of which the accepted one has the higher
number, ties by half, 0.5 where the number says nothing; accepted shares by number; and Spearman's
rank correlation with what people gave on a scale. Intervals resample explanations, since judgements
of one explanation are no independent cases.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from analysis.agreement.majority import wilson
from analysis.score.bootstrap import FEWEST_DOCUMENTS, intervals

REPLICATES: Final = 1000
"""Fewer, a third at least, of more than 2,000 explanations: they vary less."""
MOST_DRAWN: Final = 2_000_000
AT_ONCE: Final = 100
MOST_BINS: Final = 8
FEWEST_IN_BIN: Final = 5
"""Explanations."""


@dataclass(frozen=True)
class Estimate:
    value: float | None
    """None: undefined, for want of acceptances or rejections, or since the number is constant."""
    low: float | None
    high: float | None
    """95 %, over explanations; None of fewer than six, or where many resamples say nothing."""
    n: int
    """Explanations that have the number and were judged."""


@dataclass(frozen=True)
class Bin:
    """Explanations with neighbouring numbers."""

    low: float
    high: float
    middle: float
    """The median of their numbers."""
    n: int
    n_accepted: int
    n_judged: int
    share: float
    share_low: float
    share_high: float
    """Wilson's interval at 95 %, as if each explanation had been judged once."""


def auroc(
    values: Float[np.ndarray, " item"],
    accepted: Int[np.ndarray, " item"],
    rejected: Int[np.ndarray, " item"],
    *,
    seed: int = 0,
) -> Estimate:
    """NaN among the values: the explanation has no such number, and is left out."""
    chosen = ~np.isnan(values) & (accepted + rejected > 0)
    n = int(chosen.sum())
    order = np.argsort(values[chosen], kind="stable")
    ordered = values[chosen][order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if n else np.zeros(0, int)
    counts = np.stack([accepted[chosen][order], rejected[chosen][order]]).astype(np.float64)
    told = _auroc(np.ones((1, n)), counts, starts)[0] if n else np.nan
    replicates = [_auroc(_drawn(n, seed, number), counts, starts) for number in range(_rounds(n))]
    return _estimate(told, replicates, n)


def spearman(
    values: Float[np.ndarray, " item"], steps: Float[np.ndarray, " item"], *, seed: int = 0
) -> Estimate:
    """Of an explanation's number with the mean step that people gave it; NaN: none."""
    chosen = ~np.isnan(values) & ~np.isnan(steps)
    n = int(chosen.sum())
    x, y = values[chosen], steps[chosen]
    if n < 2:
        return Estimate(None, None, None, n)
    a, b = (np.unique(one, return_inverse=True)[1] for one in (x, y))
    told = _rank_correlation(np.ones(n), a, b)
    replicates = [
        np.array([_rank_correlation(row, a, b) for row in _drawn(n, seed, number)])
        for number in range(_rounds(n))
    ]
    return _estimate(told, replicates, n)


def bins(
    values: Float[np.ndarray, " item"],
    accepted: Int[np.ndarray, " item"],
    judged: Int[np.ndarray, " item"],
) -> list[Bin]:
    """As many explanations in each, as far as equal numbers allow; fewer bins where there are few
    explanations. NaN: no such number."""
    chosen = ~np.isnan(values) & (judged > 0)
    x, a, m = values[chosen], accepted[chosen], judged[chosen]
    n_bins = min(MOST_BINS, len(x) // FEWEST_IN_BIN)
    if not n_bins:
        return []
    edges = np.quantile(x, np.linspace(0, 1, n_bins + 1)[1:-1], method="higher")
    place = np.searchsorted(np.unique(edges), x, side="right")
    found = []
    for number in np.unique(place):
        here = place == number
        n, n_judged = int(here.sum()), int(m[here].sum())
        share = float(a[here].sum() / n_judged)
        low, high = wilson(share, n)
        found.append(
            Bin(
                low=float(x[here].min()),
                high=float(x[here].max()),
                middle=float(np.median(x[here])),
                n=n,
                n_accepted=int(a[here].sum()),
                n_judged=n_judged,
                share=share,
                share_low=low,
                share_high=high,
            )
        )
    return found


def _auroc(
    weights: Float[np.ndarray, "replicate item"],
    counts: Float[np.ndarray, "2 item"],
    starts: Int[np.ndarray, " value"],
) -> Float[np.ndarray, " replicate"]:
    """Items in the order of their values, of which each begins at one of `starts`."""
    accepted = np.add.reduceat(weights * counts[0], starts, axis=1)
    rejected = np.add.reduceat(weights * counts[1], starts, axis=1)
    below = rejected.cumsum(axis=1) - rejected / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs = accepted.sum(axis=1) * rejected.sum(axis=1)
        return np.asarray(np.where(pairs > 0, (accepted * below).sum(axis=1) / pairs, np.nan))


def _rank_correlation(
    weights: Float[np.ndarray, " item"], a: Int[np.ndarray, " item"], b: Int[np.ndarray, " item"]
) -> float:
    """Of items that are there so often, by the places of their values among all; NaN where either
    is constant."""
    x, y = _ranks(weights, a), _ranks(weights, b)
    n = weights.sum()
    x, y = x - (weights @ x) / n, y - (weights @ y) / n
    scale = float(np.sqrt((weights @ (x * x)) * (weights @ (y * y))))
    return float(weights @ (x * y)) / scale if scale > 0 else float("nan")


def _ranks(
    weights: Float[np.ndarray, " item"], codes: Int[np.ndarray, " item"]
) -> Float[np.ndarray, " item"]:
    """The mean rank of those that are equal."""
    counts = np.bincount(codes, weights)
    return np.asarray((counts.cumsum() - (counts - 1) / 2)[codes])


def _drawn(n: int, seed: int, number: int) -> Float[np.ndarray, "replicate item"]:
    """How often each resample takes each item."""
    generator = np.random.default_rng([seed, n, number])
    drawn = [np.bincount(generator.integers(n, size=n), minlength=n) for _ in range(AT_ONCE)]
    return np.array(drawn, np.float64)


def _rounds(n: int) -> int:
    if n < FEWEST_DOCUMENTS:
        return 0
    return min(REPLICATES, max(REPLICATES // 3, MOST_DRAWN // n)) // AT_ONCE


def _estimate(told: float, replicates: list[Float[np.ndarray, " replicate"]], n: int) -> Estimate:
    value = None if np.isnan(told) else float(told)
    if value is None or not replicates:
        return Estimate(value, None, None, n)
    ((low, high),) = intervals(np.concatenate(replicates)[:, None], n)
    if np.isnan(low):
        return Estimate(value, None, None, n)
    return Estimate(value, float(low), float(high), n)
