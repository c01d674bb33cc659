"""Ratios of means over pairs of prompts, with intervals."""

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from analysis.protocol.proofs import Estimate
from analysis.score.bootstrap import draw_documents, intervals

REPLICATES: Final = 1000


def ratio_of_means(
    above: Float64[ndarray, " pair"],
    below: Float64[ndarray, " pair"],
    prompts: Int64[ndarray, " pair"] | None = None,
) -> Estimate:
    """Prompts are resampled, all numbers of one together; `prompts` numbers them from 0, where
    pairs share one, without gaps. No interval is told where resamples without a ratio could decide
    one. ValueError: the lower mean is 0."""
    total = float(below.sum())
    if not total:
        raise ValueError("the mean that others are measured by is 0")
    prompts = np.arange(len(below)) if prompts is None else prompts
    value = float(above.sum()) / total
    between = interval_of(replicates(above[:, None], below, prompts)[:, 0], _n_of(prompts))
    if between is None:
        return Estimate(value=value)
    return Estimate(value=value, low=between[0], high=between[1])


def mean_of(
    values: Float64[ndarray, " pair"], prompts: Int64[ndarray, " pair"] | None = None
) -> Estimate:
    return ratio_of_means(values, np.ones(len(values)), prompts)


def replicates(
    above: Float64[ndarray, "pair ratio"],
    below: Float64[ndarray, " pair"],
    prompts: Int64[ndarray, " pair"],
) -> Float64[ndarray, "draw ratio"]:
    """Several ratios over the same resamples, so that what is made of them is resampled with them.
    NaN of a resample whose lower mean is of another sign than that of all: it has no ratio."""
    sums = np.zeros((_n_of(prompts), above.shape[1] + 1))
    np.add.at(sums, prompts, np.column_stack([above, below]))
    drawn = draw_documents(len(sums), REPLICATES, 0) @ sums
    upper, lower = drawn[:, :-1], drawn[:, -1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lower * np.sign(below.sum()) > 0, upper / lower, np.nan)


def interval_of(drawn: Float64[ndarray, " draw"], n_prompts: int) -> tuple[float, float] | None:
    """95 %; None of too few prompts, or of too many resamples without a value."""
    low, high = intervals(drawn[:, None], n_prompts)[0].tolist()
    return None if np.isnan(low) or np.isnan(high) else (low, high)


def numbered(prompts: Int64[ndarray, " pair"]) -> Int64[ndarray, " pair"]:
    """From 0 without gaps, of some of the pairs."""
    return np.unique(prompts, return_inverse=True)[1]


def _n_of(prompts: Int64[ndarray, " pair"]) -> int:
    return int(prompts.max()) + 1
