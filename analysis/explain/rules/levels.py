"""Levels of all rules of a program together, by ridge regression on the activation itself."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray


def set_levels(
    held: Float32[ndarray, "rule position"],
    actual: Float32[ndarray, " position"],
    shrinkages: Sequence[float],
) -> list[tuple[float, Float64[ndarray, " rule"]]]:
    """Base and levels, for each shrinkage (in positions); the base is not shrunk."""
    n = held.shape[1]
    means = (held @ np.ones(n, np.float32)).astype(np.float64) / n
    gram = (held @ held.T).astype(np.float64) - n * np.outer(means, means)
    mean = float(actual.mean(dtype=np.float64))
    right = (held @ (actual - np.float32(mean))).astype(np.float64)
    found = []
    for shrinkage in shrinkages:
        levels = np.linalg.solve(gram + shrinkage * np.eye(len(gram)), right)
        found.append((mean - float(levels @ means), levels))
    return found
