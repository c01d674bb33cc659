"""Weights of output projections and of the unembedding, as statements about units need them."""

from jaxtyping import Float
from torch import Tensor, nn


def rows_of(module: nn.Module) -> Float[Tensor, "unit d_model"]:
    """The weight of an output projection in float32, one row per input."""
    weight = module.weight
    if not isinstance(weight, Tensor):
        raise TypeError(f"{type(module).__name__} has no weight")
    # nn.Linear keeps [out, in]; the Conv1D of GPT-2 keeps [in, out].
    weight = weight.detach().float()
    return weight.mT if isinstance(module, nn.Linear) else weight


def some_rows_of(module: nn.Module, units: Tensor) -> Float[Tensor, "unit d_model"]:
    """The rows of some inputs, in the weight's own dtype."""
    weight = module.weight
    if not isinstance(weight, Tensor):
        raise TypeError(f"{type(module).__name__} has no weight")
    found: Tensor = weight[:, units].mT if isinstance(module, nn.Linear) else weight[units]
    return found


def fold_norm(
    unembed: Float[Tensor, "d_model vocab"], gain: Float[Tensor, "d_model"] | None, norm: str
) -> Float[Tensor, "d_model vocab"]:
    """W_U with the gain of the norm before it, and the centring of a LayerNorm, folded in."""
    folded = unembed.detach().float()
    if gain is not None:
        folded = folded * gain.detach().float()[:, None]
    return folded - folded.mean(0, keepdim=True) if norm == "layer" else folded
