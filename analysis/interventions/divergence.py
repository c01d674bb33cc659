"""KL(before ‖ after) of outputs that hardly differ, in nats.

One neuron moves an output by some 1e-6 nats, and Σ p·(log p − log q) in float32 has an error as
large: that of the two normalisers enters it as it is. With x = log q − log p and Σ p = Σ q = 1

    KL = Σ p·(eˣ − 1 − x),

in which no term is negative and what an error of x does is of second order.
"""

import torch
from jaxtyping import Float
from torch import Tensor

SMALL = 0.1
"""Below it the bracket is its series, to seven digits; beyond, nothing cancels any more."""


def divergence(
    before: Float[Tensor, "*place vocab"], after: Float[Tensor, "*place vocab"]
) -> Float[Tensor, "*place"]:
    """From log-probabilities."""
    x = after - before
    series = x.square() * (0.5 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120 + x / 720))))
    bracket = torch.where(x.abs() < SMALL, series, torch.expm1(x) - x)
    return (before.exp() * bracket).sum(-1)
