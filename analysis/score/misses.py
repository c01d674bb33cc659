"""Where an explanation fails: the windows with most of the error, and the tokens that cause it.

Too high or too low is a prediction that is off by more than one standard deviation of the
activation. Which of them is a false alarm and which a miss depends on the tail in which the unit
fires, so neither is called so. All this is for looking, not scoring.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64
from numpy import ndarray

from analysis.score.pools import Pool
from analysis.score.units import take_target


@dataclass(frozen=True)
class WorstWindows:
    """All windows with a counted token, by falling share of the squared error."""

    windows: Int64[ndarray, " case"]
    """Rows of the pool."""
    shares: Float64[ndarray, " case"]
    """Of the squared error over the pool; they add up to 1. All 0 where nothing is wrong."""


@dataclass(frozen=True)
class TokenErrors:
    """What goes wrong at one token, over the whole pool."""

    token: str
    count: int
    """Occurrences where it does."""
    of: int
    """Counted occurrences in all."""
    share: float
    """Of the squared error over the pool."""
    actual: float
    """Mean activation where it goes wrong."""
    predicted: float


@dataclass(frozen=True)
class Failings:
    """The tokens with most of the error, worst first."""

    too_high: tuple[TokenErrors, ...]
    too_low: tuple[TokenErrors, ...]
    n_too_high: int
    """Tokens of the pool at which the prediction is too high, shown or not."""
    n_too_low: int
    n_positions: int
    beyond: float
    """An error counts when it is larger: the standard deviation of the activation."""


def worst_windows(
    actual: Float[ndarray, "window pos"], predicted: Float[ndarray, "window pos"], pool: Pool
) -> WorstWindows:
    """The windows in the order in which a reader should look at them; ties in the pool's order."""
    target = take_target(actual, pool, firing=None)
    error = np.where(target.counted, target.actual - predicted, 0)
    squared = (error**2).sum(1)
    there = np.flatnonzero(target.counted.any(1))
    order = there[np.argsort(-squared[there], kind="stable")]
    total = squared.sum()
    return WorstWindows(order, squared[order] / total if total > 0 else np.zeros(len(order)))


def where_it_fails(
    actual: Float[ndarray, "window pos"],
    predicted: Float[ndarray, "window pos"],
    tokens: Sequence[Sequence[str]],
    pool: Pool,
    *,
    n: int = 10,
) -> Failings:
    """The n worst tokens of each kind; `tokens` are the pool's windows in words."""
    target = take_target(actual, pool, firing=None)
    chosen = np.nonzero(target.counted)
    texts = np.array([tokens[row][at] for row, at in zip(*chosen, strict=True)], dtype=object)
    a, p = target.actual[chosen], predicted[chosen].astype(np.float64)
    error = p - a
    beyond = float(a.std()) if len(a) else 0.0
    total = float((error**2).sum())
    high, low = error > beyond, -error > beyond
    words, slots = np.unique(texts.astype(str), return_inverse=True)

    def grouped(wrong: ndarray) -> tuple[TokenErrors, ...]:
        def sums(values: ndarray) -> ndarray:
            return np.bincount(slots[wrong], weights=values[wrong], minlength=len(words))

        squared, counts = sums(error**2), sums(np.ones(len(a)))
        worst = np.argsort(-squared, kind="stable")[:n]
        occurrences = np.bincount(slots, minlength=len(words))
        return tuple(
            TokenErrors(
                token=str(words[w]),
                count=int(counts[w]),
                of=int(occurrences[w]),
                share=float(squared[w] / total),
                actual=float(sums(a)[w] / counts[w]),
                predicted=float(sums(p)[w] / counts[w]),
            )
            for w in worst.tolist()
            if counts[w]
        )

    return Failings(grouped(high), grouped(low), int(high.sum()), int(low.sum()), len(a), beyond)
