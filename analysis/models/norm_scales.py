"""What a norm multiplies its input by."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def scale_of(
    norm: nn.Module, x: Float[Tensor, "batch pos d_model"], kind: str
) -> Float[Tensor, "batch pos"]:
    """What a norm multiplies its input by, before its gain; `kind` is layer, rms or none."""
    if kind == "none":
        return torch.ones(x.shape[:-1])
    epsilon = getattr(norm, "variance_epsilon", None)
    epsilon = norm.eps if epsilon is None else epsilon
    if not isinstance(epsilon, float):
        raise TypeError(f"{type(norm).__name__} has no epsilon")
    precise = x.float()
    square = precise.var(-1, correction=0) if kind == "layer" else precise.square().mean(-1)
    scale: Tensor = torch.rsqrt(square + epsilon).cpu()
    return scale
