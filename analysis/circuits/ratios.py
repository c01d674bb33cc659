"""Ratios of means over prompts, with intervals."""

from typing import Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from analysis.protocol.circuits import Estimate
from analysis.score.bootstrap import draw_documents, intervals

REPLICATES: Final = 1000


def ratio_of_means(
    above: Float64[ndarray, " prompt"], below: Float64[ndarray, " prompt"]
) -> Estimate:
    """Prompts are resampled, both numbers of one together. ValueError: the lower mean is 0."""
    n = len(above)
    total = float(below.sum())
    if not total:
        raise ValueError("the mean that others are measured by is 0")
    upper, lower = (draw_documents(n, REPLICATES, 0) @ np.stack([above, below], axis=1)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(np.abs(lower) > 1e-9 * n, upper / lower, np.nan)
    low, high = intervals(ratios[:, None], n)[0].tolist()
    value = float(above.sum()) / total
    if np.isnan(low) or np.isnan(high):
        return Estimate(value=value)
    return Estimate(value=value, low=low, high=high)


def mean_of(values: Float64[ndarray, " prompt"]) -> Estimate:
    return ratio_of_means(values, np.ones(len(values)))
