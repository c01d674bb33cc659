"""Where a model's tokens lie to each other, from its embedding: what `near` in programs means.

Each token's vector less the mean of all, at unit length, turned to its principal axes and cut to
the first of them; stored as whole numbers, so that nearness is the same on every machine.
"""

import numpy as np
import torch
from jaxtyping import Float, Int8
from numpy import ndarray
from torch import Tensor

MOST_DIMS = 384
MOST_SAMPLED = 16_384
"""Tokens that principal axes are computed from, evenly spaced in the vocabulary."""


def method_of(n_dims: int) -> str:
    return (
        f"embedding less its mean, at unit length, its first {n_dims} principal axes, "
        "rounded to 1/127"
    )


def token_space(embedding: Float[Tensor, "vocab d_model"]) -> Int8[ndarray, "vocab dim"]:
    """Directions of unit length, times 127; a row of zeros where a token has no direction."""
    centred = embedding.float() - embedding.float().mean(0, keepdim=True)
    unit = torch.nn.functional.normalize(centred, dim=1)
    sample = unit[:: max(1, -(-len(unit) // MOST_SAMPLED))].double()
    _, axes = torch.linalg.eigh(sample.T @ sample)  # rising
    n = min(MOST_DIMS, unit.shape[1])
    axes = axes.flip(1)[:, :n]
    heaviest = axes.abs().argmax(0)
    axes = axes * axes[heaviest, torch.arange(n)].sign()  # one sign of two, the same everywhere
    turned = torch.nn.functional.normalize(unit @ axes.float(), dim=1)
    return np.asarray((127 * turned).round().to(torch.int8).numpy())
