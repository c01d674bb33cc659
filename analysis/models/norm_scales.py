"""What a norm multiplies its input by."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def scale_of(
    norm: nn.Module, x: Float[Tensor, "*batch d_model"], kind: str
) -> Float[Tensor, "*batch"]:
    """What a norm multiplies its input by, before its gain; `kind` is layer, rms or none."""
    if kind == "none":
        return x.new_ones(x.shape[:-1], dtype=torch.float32)
    epsilon = getattr(norm, "variance_epsilon", None)
    epsilon = norm.eps if epsilon is None else epsilon
    if not isinstance(epsilon, float):
        raise TypeError(f"{type(norm).__name__} has no epsilon")
    precise = x.float()
    square = precise.var(-1, correction=0) if kind == "layer" else precise.square().mean(-1)
    scale: Tensor = torch.rsqrt(square + epsilon)
    return scale


def gain_of(norm: nn.Module, offset: float) -> Float[Tensor, "d_model"]:
    """What it multiplies by after that, in float32; `offset` is added to what is stored."""
    weight = norm.weight
    if not isinstance(weight, Tensor):
        raise TypeError(f"{type(norm).__name__} has no weight")
    return weight.detach().float() + offset
