"""95 % intervals: what would be measured had other documents been drawn (percentile bootstrap).

Tokens of one document are alike, so documents are resampled, not tokens. Every metric is a function
of sums over documents: with `draws` saying how often each resample takes each document, a thousand
resamples are one product of matrices, and no token is touched twice. Efron and Tibshirani, *An
Introduction to the Bootstrap* (1993), ch. 13; for clusters Davison and Hinkley (1997), §3.8.

Percentile intervals of few documents are too narrow: a resample of n has (n−1)/n of the spread,
and what is known of the spread is uncertain. So percentiles are taken farther out, where a normal
bootstrap would give Student's interval (Hesterberg 2015, *What Teachers Should Know About the
Bootstrap*, §4.2). Below FEWEST_DOCUMENTS there is none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from analysis.score.records import Cases

FEWEST_DOCUMENTS = 6
"""Of 3 the interval would hold the truth in two thirds of cases, of 5 in nine tenths."""
LEVEL = 0.95
MOST_UNDEFINED = 0.1
"""Of the resamples: beyond it the interval would tell of a luckier choice of documents."""

Finish = Callable[[Float64[ndarray, "draw statistic"]], Float64[ndarray, "draw metric"]]
"""From sums over documents to metrics, NaN where undefined; every row is a choice of documents."""


@dataclass(frozen=True)
class Resampled:
    """Metrics of all documents, and of every resample of them."""

    values: Float64[ndarray, " metric"]
    """NaN where undefined."""
    replicates: Float64[ndarray, "replicate metric"]
    reasons: tuple[str | None, ...]
    """Why a metric has no value."""
    cases: Cases | None = None
    n_documents: int = 0
    """That the interval stands on: of two kinds that a metric needs (documents that fire and that
    do not, top and random), the fewer."""


@lru_cache(maxsize=64)
def draw_documents(
    n_documents: int, replicates: int, seed: int
) -> Float64[ndarray, "replicate document"]:
    """How often each resample takes each document; the same for the same arguments, read-only."""
    if not n_documents:
        return np.zeros((0, 0))
    generator = np.random.default_rng([seed, n_documents])
    chances = np.full(n_documents, 1 / n_documents)
    draws = generator.multinomial(n_documents, chances, size=replicates).astype(np.float64)
    draws.flags.writeable = False
    return draws


def resample(
    sums: Float64[ndarray, "document statistic"],
    finish: Finish,
    draws: Float64[ndarray, "replicate document"],
    reasons: tuple[str | None, ...],
    cases: Cases | None = None,
    *,
    n_documents: int | None = None,
) -> Resampled:
    """The metrics of all documents and of every resample; `reasons` are kept where NaN."""
    values = finish(sums.sum(0, keepdims=True))[0]
    n = draws.shape[1] if n_documents is None else n_documents
    replicates = finish(draws @ sums) if len(draws) else np.zeros((0, len(values)))
    return Resampled(values, replicates, explained(values, reasons), cases, n_documents=n)


def fewer(one: Float64[ndarray, " document"], other: Float64[ndarray, " document"]) -> int:
    """Documents that have any of the one, or of the other, whichever are fewer."""
    return min(int(np.count_nonzero(one)), int(np.count_nonzero(other)))


def explained(
    values: Float64[ndarray, " metric"], reasons: tuple[str | None, ...]
) -> tuple[str | None, ...]:
    """The reasons of those that are undefined."""
    return tuple(
        reason if np.isnan(value) else None for value, reason in zip(values, reasons, strict=True)
    )


def intervals(
    replicates: Float64[ndarray, "replicate metric"], n_documents: int
) -> Float64[ndarray, "metric 2"]:
    """Low and high of every metric; NaN where too many resamples are undefined, or there are
    none, or too few documents."""
    n_replicates, n_metrics = replicates.shape
    if not n_replicates or n_documents < FEWEST_DOCUMENTS:
        return np.full((n_metrics, 2), np.nan)
    ordered = np.sort(replicates.T, axis=1)  # NaN last
    defined = n_replicates - np.isnan(ordered).sum(1)
    undefined = 1 - defined / n_replicates
    tail = tail_of(n_documents)
    places = np.clip(defined - 1, 0, None)[:, None] * np.array([tail, 1 - tail])
    below = places.astype(np.int64)
    above = np.minimum(below + 1, n_replicates - 1)
    rows = np.arange(n_metrics)[:, None]
    share = places - below
    # Where nothing stands between two values, infinity times 0 must not arise from what is above.
    ends = np.where(
        share > 0,
        ordered[rows, below] * (1 - share) + ordered[rows, above] * share,
        ordered[rows, below],
    )
    ends[undefined > MOST_UNDEFINED] = np.nan
    return np.asarray(ends)


@lru_cache(maxsize=1024)
def tail_of(n_documents: int) -> float:
    """The share of resamples to be left out at each end; of FEWEST_DOCUMENTS or more."""
    widened = _student(n_documents - 1) * (n_documents / (n_documents - 1)) ** 0.5
    return NormalDist().cdf(-widened)


def _student(freedom: int) -> float:
    """Student's t beyond which (1 − LEVEL)/2 lies; Abramowitz and Stegun 26.7.5, within 1 %."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, 1))
