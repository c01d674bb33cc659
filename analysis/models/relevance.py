"""Gradients that share out what a network computed, rather than say how steep it is there: RelP.

Each part is taken for linear in what enters it, with the coefficients that it had in this very run
(Rezaei Jafari et al. 2025; the rules are those of layer-wise relevance propagation):

- a norm multiplies by a scale that does not depend on its input;
- an activation function multiplies by act(z) / z, as it was; where z is 0, by its derivative;
- attention averages values with the pattern that it had: nothing goes back to queries and keys;
- of a gated product each factor gets half.

Without biases, what is computed is then the sum of gradient · value over any layer's stream. Values
are those of the modules themselves, to the bit. A soft cap on the logits is no part of this, nor is
the metric: both are differentiated as they are.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.models.architectures.base import Architecture, module_at
from analysis.models.attention import patterns_fixed
from analysis.models.norm_scales import gain_of, scale_of

Backward = Literal["exact", "relp"]
"""How gradients go back: as derivatives, or by the rules above."""

HINT = "Choose a method that takes derivatives, such as ig; or say in {where} what it lacks."


@dataclass(frozen=True, eq=False)
class Rules:
    """Which modules are what."""

    norm: Literal["layer", "rms", "none"]
    norms: Sequence[tuple[nn.Module, Tensor]]
    """With the gain of each."""
    activations: Sequence[nn.Module]
    products: Sequence[nn.Module] = field(default=())
    """What gated products enter."""


def rules_of(model: Any, architecture: Architecture) -> Rules:  # noqa: ANN401 - of transformers
    """Of a transformers model, its head included. ModelError: not all of it can be told."""
    layers: Any = module_at(module_at(model, architecture.backbone), architecture.layers)
    for number, layer in enumerate(layers):
        if not any(_is_norm(module) for module in layer.modules()):
            raise _unknown(architecture, f"no norm was found in layer {number}")
    activations = [module_at(layer, architecture.activation) for layer in layers]
    if architecture.head_activation is not None:
        activations.append(architecture.head_activation(model))
    elif not architecture.linear_head:
        raise _unknown(architecture, "what is not linear in its head is not known")
    if not all(isinstance(module, nn.Module) for module in activations):
        raise _unknown(architecture, "its activation function is no module")
    norms = [module for module in model.modules() if _is_norm(module)]
    try:
        gains = [gain_of(norm, architecture.gain_offset) for norm in norms]
    except TypeError as error:
        raise _unknown(architecture, str(error)) from error
    products = [module_at(layer, architecture.mlp_out) for layer in layers]
    return Rules(
        norm=architecture.norm,
        norms=list(zip(norms, gains, strict=True)),
        activations=activations,
        products=products if architecture.gated else (),
    )


@contextmanager
def sharing(rules: Rules) -> Iterator[None]:
    """Whatever runs inside is differentiated by the rules, whenever that is."""
    with ExitStack() as stack:
        for norm, gain in rules.norms:
            handle = norm.register_forward_hook(_norm_hook(rules.norm, gain))
            stack.callback(handle.remove)
        for activation in rules.activations:
            stack.callback(activation.register_forward_hook(_share_of_activation).remove)
        for module in rules.products:
            # before the value is kept: its own gradient is whole, what goes on from it is half
            handle = module.register_forward_pre_hook(_half_of_product, prepend=True)
            stack.callback(handle.remove)
        stack.enter_context(patterns_fixed())
        yield


def _norm_hook(kind: str, gain: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Any]:
    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        x = inputs[0].float()
        centred = x - x.mean(-1, keepdim=True) if kind == "layer" else x
        scale = scale_of(module, x.detach(), kind)[..., None]
        return _with_gradient_of(centred * scale * gain, output)

    return hook


def _share_of_activation(
    module: nn.Module, inputs: tuple[Tensor, ...], output: Float[Tensor, "*batch neuron"]
) -> Float[Tensor, "*batch neuron"]:
    z = inputs[0]
    if output.shape != z.shape:
        raise ModelError(
            f"RelP is not known for {type(module).__name__}, which is not one number's function",
            hint=HINT.format(where="analysis/models/relevance.py"),
        )
    is_zero = z == 0
    share = (output.float() / z.float().masked_fill(is_zero, 1.0)).detach()
    shared = _with_gradient_of(z.float() * share, output)
    # only then is what the derivative needs kept as well
    return torch.where(is_zero, output, shared) if is_zero.any() else shared


def _half_of_product(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    product = inputs[0]
    return (product.detach().lerp(product, 0.5), *inputs[1:])


def _with_gradient_of(linear: Tensor, value: Tensor) -> Tensor:
    """The value; differentiated, what is linear."""
    return value.detach() + (linear - linear.detach()).to(value.dtype)


def _is_norm(module: nn.Module) -> bool:
    return type(module).__name__.endswith("Norm")


def _unknown(architecture: Architecture, why: str) -> ModelError:
    where = f"analysis/models/architectures/{architecture.name}.py"
    return ModelError(
        f"RelP is not known for {architecture.name}: {why}", hint=HINT.format(where=where)
    )
