"""Whether a number of an explanation, such as its score, says beforehand what people make of it.

Comes in: one number for each explanation, the unit that it is of, and how many people accepted and
rejected it. Goes out: AUROC, the share of pairs (an acceptance, a rejection) of two explanations of
which the accepted one has the higher number, ties by half, 0.5 where the number says nothing;
accepted shares by number; and Spearman's rank correlation with what people gave on a scale.

Pairs of one explanation with itself say nothing of the number, which is the same: they are left
out, else they would pull AUROC to 0.5. Intervals resample units, since judgements of one
explanation, and explanations of one unit, are no independent cases; those of AUROC stand on the
units of the rarer verdict.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from analysis.agreement.majority import wilson
from analysis.score.bootstrap import FEWEST_DOCUMENTS, fewer, intervals

REPLICATES: Final = 1000
"""Fewer, a third at least, of more than 2,000 units: they vary less."""
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
    """95 %, over units; None of fewer than six, or where many resamples say nothing."""
    n: int
    """Explanations that have the number and were judged."""
    n_units: int = 0
    """Of which they are."""
    n_accepted: int = 0
    n_rejected: int = 0
    """Judgements of these explanations."""
    n_standing: int = 0
    """Units that the interval stands on: those of the rarer verdict."""


@dataclass(frozen=True)
class Advantage:
    """How much more often one number is right than another, on the same explanations."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    """Explanations that have both numbers and were judged."""


@dataclass(frozen=True)
class Bin:
    """Explanations with neighbouring numbers."""

    low: float
    high: float
    middle: float
    """The median of their numbers."""
    n: int
    n_units: int
    n_accepted: int
    n_judged: int
    share: float
    share_low: float
    share_high: float
    """Wilson's interval at 95 %, as if each unit had been judged once."""


def auroc(
    values: Float[np.ndarray, " item"],
    accepted: Int[np.ndarray, " item"],
    rejected: Int[np.ndarray, " item"],
    units: Int[np.ndarray, " item"],
    *,
    seed: int = 0,
) -> Estimate:
    """NaN among the values: the explanation has no such number, and is left out. Where a number is
    always right, or always wrong, resamples are too, and the interval is Wilson's of as many units
    as it stands on."""
    chosen = ~np.isnan(values) & (accepted + rejected > 0)
    n = int(chosen.sum())
    of = values[chosen], accepted[chosen], rejected[chosen]
    pairs = _pairs(*of)
    unit = np.unique(units[chosen], return_inverse=True)[1]
    n_units = len(np.unique(unit))
    n_standing = _standing(unit, accepted[chosen], rejected[chosen])
    told = point(*of) if n else float("nan")
    if np.isnan(told):
        low = high = None
    elif told in (0.0, 1.0) and n_standing >= FEWEST_DOCUMENTS:
        low, high = wilson(told, n_standing)
    else:
        drawn = _drawn(n_units, seed, n_standing)
        low, high = _ends([pairs.won(weights[:, unit]) for weights in drawn], n_standing)
    return Estimate(
        None if np.isnan(told) else told, low, high, n, n_units,
        int(accepted[chosen].sum()), int(rejected[chosen].sum()), n_standing,
    )  # fmt: skip


def point(
    values: Float[np.ndarray, " item"],
    accepted: Int[np.ndarray, " item"],
    rejected: Int[np.ndarray, " item"],
) -> float:
    """AUROC alone, of explanations that all have the number; NaN: there is no pair."""
    return float(_pairs(values, accepted, rejected).won(np.ones((1, len(values))))[0])


def advantage(
    one: Float[np.ndarray, " item"],
    other: Float[np.ndarray, " item"],
    accepted: Int[np.ndarray, " item"],
    rejected: Int[np.ndarray, " item"],
    units: Int[np.ndarray, " item"],
    *,
    seed: int = 0,
) -> Advantage:
    """AUROC of the one less AUROC of the other, both of the explanations that have both; the same
    units are drawn for both."""
    chosen = ~np.isnan(one) & ~np.isnan(other) & (accepted + rejected > 0)
    n = int(chosen.sum())
    if not n:
        return Advantage(None, None, None, 0)
    counts = accepted[chosen], rejected[chosen]
    first, second = (_pairs(values[chosen], *counts) for values in (one, other))
    unit = np.unique(units[chosen], return_inverse=True)[1]
    n_standing = _standing(unit, *counts)
    told = float((first.won(np.ones((1, n))) - second.won(np.ones((1, n))))[0])
    if np.isnan(told):
        return Advantage(None, None, None, n)
    drawn = _drawn(int(unit.max()) + 1, seed, n_standing)
    apart = [first.won(weights[:, unit]) - second.won(weights[:, unit]) for weights in drawn]
    return Advantage(told, *_ends(apart, n_standing), n)


def spearman(
    values: Float[np.ndarray, " item"],
    steps: Float[np.ndarray, " item"],
    units: Int[np.ndarray, " item"],
    *,
    seed: int = 0,
) -> Estimate:
    """Of an explanation's number with the mean step that people gave it; NaN: none."""
    chosen = ~np.isnan(values) & ~np.isnan(steps)
    n = int(chosen.sum())
    unit = np.unique(units[chosen], return_inverse=True)[1]
    n_units = len(np.unique(unit))
    if n < 2:
        return Estimate(None, None, None, n, n_units)
    a, b = (np.unique(each[chosen], return_inverse=True)[1] for each in (values, steps))
    told = _rank_correlation(np.ones(n), a, b)
    if np.isnan(told):
        return Estimate(None, None, None, n, n_units)
    replicates = [
        np.array([_rank_correlation(row[unit], a, b) for row in weights])
        for weights in _drawn(n_units, seed, n_units)
    ]
    return Estimate(told, *_ends(replicates, n_units), n, n_units, n_standing=n_units)


def bins(
    values: Float[np.ndarray, " item"],
    accepted: Int[np.ndarray, " item"],
    judged: Int[np.ndarray, " item"],
    units: Int[np.ndarray, " item"],
) -> list[Bin]:
    """As many explanations in each, as far as equal numbers allow; fewer bins where there are few
    explanations. NaN: no such number."""
    chosen = ~np.isnan(values) & (judged > 0)
    x, a, m, unit = values[chosen], accepted[chosen], judged[chosen], units[chosen]
    n_bins = min(MOST_BINS, len(x) // FEWEST_IN_BIN)
    if not n_bins:
        return []
    edges = np.quantile(x, np.linspace(0, 1, n_bins + 1)[1:-1], method="higher")
    place = np.searchsorted(np.unique(edges), x, side="right")
    found = []
    for number in np.unique(place):
        here = place == number
        n, n_judged = int(here.sum()), int(m[here].sum())
        n_units = len(np.unique(unit[here]))
        share = float(a[here].sum() / n_judged)
        low, high = wilson(share, n_units)
        found.append(
            Bin(
                low=float(x[here].min()),
                high=float(x[here].max()),
                middle=float(np.median(x[here])),
                n=n,
                n_units=n_units,
                n_accepted=int(a[here].sum()),
                n_judged=n_judged,
                share=share,
                share_low=low,
                share_high=high,
            )
        )
    return found


@dataclass(frozen=True)
class _Pairs:
    """Explanations in the order of their numbers, with what people said of them."""

    order: Int[np.ndarray, " item"]
    accepted: Float[np.ndarray, " item"]
    rejected: Float[np.ndarray, " item"]
    starts: Int[np.ndarray, " value"]
    """Where each number begins."""

    def won(self, weights: Float[np.ndarray, "replicate item"]) -> Float[np.ndarray, " replicate"]:
        """AUROC where each explanation is there so often; NaN where there is no pair."""
        drawn = weights[:, self.order]
        accepted = np.add.reduceat(drawn * self.accepted, self.starts, axis=1)
        rejected = np.add.reduceat(drawn * self.rejected, self.starts, axis=1)
        below = rejected.cumsum(axis=1) - rejected / 2
        alone = (drawn**2) @ (self.accepted * self.rejected)  # with itself, also with its copies
        n_pairs = accepted.sum(axis=1) * rejected.sum(axis=1) - alone
        n_won = (accepted * below).sum(axis=1) - alone / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(n_pairs > 0, n_won / n_pairs, np.nan))


def _standing(
    unit: Int[np.ndarray, " item"],
    accepted: Int[np.ndarray, " item"],
    rejected: Int[np.ndarray, " item"],
) -> int:
    """Units that have any of the rarer verdict."""
    return fewer(*(np.bincount(unit, each).astype(np.float64) for each in (accepted, rejected)))


def _pairs(
    values: Float[np.ndarray, " item"],
    accepted: Int[np.ndarray, " item"],
    rejected: Int[np.ndarray, " item"],
) -> _Pairs:
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(values) else order
    return _Pairs(order, accepted[order].astype(float), rejected[order].astype(float), starts)


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


def _drawn(
    n_units: int, seed: int, n_standing: int
) -> Iterator[Float[np.ndarray, "replicate unit"]]:
    """How often each resample takes each unit; none where the interval would stand on too few."""
    if n_standing < FEWEST_DOCUMENTS:
        return
    for number in range(min(REPLICATES, max(REPLICATES // 3, MOST_DRAWN // n_units)) // AT_ONCE):
        generator = np.random.default_rng([seed, n_units, number])
        drawn = [
            np.bincount(generator.integers(n_units, size=n_units), minlength=n_units)
            for _ in range(AT_ONCE)
        ]
        yield np.array(drawn, np.float64)


def _ends(
    replicates: list[Float[np.ndarray, " replicate"]], n_units: int
) -> tuple[float | None, float | None]:
    if not replicates:
        return None, None
    ((low, high),) = intervals(np.concatenate(replicates)[:, None], n_units)
    return (None, None) if np.isnan(low) else (float(low), float(high))
