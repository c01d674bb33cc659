"""Where the line between yes and no is best drawn, on calibration."""

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray


def choose_threshold(
    marks: Float64[ndarray, " case"], truth: Bool[ndarray, " case"]
) -> float | None:
    """The threshold above which yes agrees best with the truth, by balanced accuracy.

    It lies halfway between two neighbouring marks; of equally good ones the lowest. Where all marks
    are the same it is that mark: always no. None where all cases are true, or none is.
    """
    n_true = int(truth.sum())
    n_false = len(truth) - n_true
    if not n_true or not n_false:
        return None
    order = np.argsort(marks, kind="stable")
    ordered, true = marks[order], truth[order]
    edges = np.flatnonzero(ordered[1:] > ordered[:-1])
    if not len(edges):
        return float(ordered[0])
    recall = 1 - np.cumsum(true)[edges] / n_true
    rejected = np.cumsum(~true)[edges] / n_false
    best = edges[np.argmax(recall + rejected)]
    return float((ordered[best] + ordered[best + 1]) / 2)


def verdict_sums(
    verdicts: Bool[ndarray, " case"], truth: Bool[ndarray, " case"]
) -> Float64[ndarray, "case 4"]:
    """Hits, misses, false alarms, rightly rejected: one of them is 1 in every case."""
    columns = (verdicts & truth, ~verdicts & truth, verdicts & ~truth, ~verdicts & ~truth)
    return np.array(columns, dtype=np.float64).T


def finish_verdicts(sums: Float64[ndarray, "draw 4"]) -> Float64[ndarray, "draw 3"]:
    """Balanced accuracy, precision and recall; NaN where a side is empty."""
    hits, misses, alarms, rejected = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = hits / (hits + misses)
        balanced = (recall + rejected / (alarms + rejected)) / 2
        return np.array([balanced, hits / (hits + alarms), recall]).T
