"""Ratios of means over pairs of prompts, with intervals."""

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from analysis.protocol.circuits import Estimate
from analysis.score.bootstrap import draw_documents, intervals

REPLICATES: Final = 1000


def ratio_of_means(
    above: Float64[ndarray, " pair"],
    below: Float64[ndarray, " pair"],
    prompts: Int64[ndarray, " pair"] | None = None,
) -> Estimate:
    """Prompts are resampled, all numbers of one together; `prompts` numbers them from 0, where
    pairs share one. A resample whose lower mean is of the other sign has no ratio, and no interval
    is told where that could decide one. ValueError: the lower mean is 0."""
    total = float(below.sum())
    if not total:
        raise ValueError("the mean that others are measured by is 0")
    sums = np.stack([above, below], axis=1)
    if prompts is not None:
        sums = np.stack([np.bincount(prompts, each) for each in (above, below)], axis=1)
    n = len(sums)
    upper, lower = (draw_documents(n, REPLICATES, 0) @ sums).T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(lower * np.sign(total) > 0, upper / lower, np.nan)
    low, high = intervals(ratios[:, None], n)[0].tolist()
    value = float(above.sum()) / total
    if np.isnan(low) or np.isnan(high):
        return Estimate(value=value)
    return Estimate(value=value, low=low, high=high)


def mean_of(
    values: Float64[ndarray, " pair"], prompts: Int64[ndarray, " pair"] | None = None
) -> Estimate:
    return ratio_of_means(values, np.ones(len(values)), prompts)
