"""How far two outputs of a network are from each other: Jensen-Shannon divergence, in nats.

JSD(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = ½(p + q). One neuron moves an output by little, and
the two halves nearly cancel; written with x = ½(log q − log p) nothing does:

    JSD = Σ √(p·q) · (x·sinh x − cosh x · log cosh x)

The bracket is x²/2 + x⁶/144 to a hundred-thousandth where |x| ≤ ½, which is nearly always.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

SMALL = 0.5
"""Where the short form of the bracket is exact enough."""


def divergence(
    clean: Float[Tensor, "place vocab"], edited: Float[Tensor, "place vocab"]
) -> Float[Tensor, ""]:
    """Σ JSD over the places, from log-probabilities; `edited` is used up."""
    x = edited.sub_(clean).mul_(0.5)
    if not x.numel():  # a window so short that no place of it is looked at
        return torch.zeros((), dtype=torch.float64)
    if float(x.abs().max()) > SMALL:
        return _by_definition(clean.cpu().double(), clean.cpu().double() + 2 * x.cpu().double())
    root = (clean + x).exp_()  # √(p·q), for (log p + log q)/2 = log p + x
    square = x.mul_(x)
    bracket = (square * square).mul_(1 / 72).add_(1).mul_(square).mul_(0.5)
    return bracket.mul_(root).sum(-1).cpu().double().sum()


def losses(
    log_probs: Float[Tensor, "place vocab"], following: Int[Tensor, " place"]
) -> Float[Tensor, ""]:
    """Σ −log p of the tokens that follow, in nats."""
    return -log_probs.gather(-1, following[:, None]).cpu().double().sum()


def _by_definition(p: Float[Tensor, "place vocab"], q: Float[Tensor, "place vocab"]) -> Tensor:
    """In float64, where what is large has no rounding to hide in."""
    middle = torch.logaddexp(p, q) - math.log(2)
    return 0.5 * (p.exp() * (p - middle) + q.exp() * (q - middle)).sum()
