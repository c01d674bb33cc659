"""What a move does to every token, by document, and which tokens are the ten that do most."""

import numpy as np
import torch
from jaxtyping import Float32, Int64
from numpy import ndarray
from torch import Tensor

from analysis.score.control import TOP, Moved, every_draw
from analysis.score.pools import Pool

AT_ONCE = 128
"""Draws whose sums over the vocabulary are held in memory."""


def moved(
    changes: Float32[ndarray, "window vocab"], n_places: Int64[ndarray, " window"], pool: Pool
) -> Moved:
    """`changes`: of log-probabilities, sums over the places of each window."""
    sums = pool.membership.astype(np.float32) @ changes
    # of few documents many resamples are the same
    draws, which = np.unique(every_draw(pool), axis=0, return_inverse=True)
    ends = [
        _tenths(part @ torch.from_numpy(sums))
        for part in torch.split(torch.from_numpy(draws.astype(np.float32)), AT_ONCE)
    ]
    risen, fallen = (
        torch.cat(one).double().numpy()[which.ravel()] for one in zip(*ends, strict=True)
    )
    return Moved(sums, float((pool.membership @ n_places).sum()), risen, fallen)


def _tenths(sums: Tensor) -> tuple[Tensor, Tensor]:
    """The tenth highest of each row, and of the negated row."""
    n = min(TOP, sums.shape[1])
    high = sums.topk(n, sorted=False).values.amin(1)
    low = sums.topk(n, largest=False, sorted=False).values.amax(1)
    return high, -low
