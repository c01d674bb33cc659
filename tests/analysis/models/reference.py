"""Activations computed from the weights, by other means than the code under test.

The saved tensors are read back and the arithmetic of each family is written out in float64. From
transformers come only the inputs of the layers and the attention patterns, by its eager path.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from tests.analysis.models.tiny import ENCODERS

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Reference:
    last: Tensor
    logits: Tensor
    patterns: list[Tensor]
    """Per layer [batch, head, pos, pos]."""
    neurons: list[Tensor]
    """Per layer [batch, pos, neuron]."""
    heads: list[Tensor]
    """Per layer [batch, pos, head]: the norm of each head's contribution, added up in full."""


def reference(architecture: str, folder: Path, tokens: Tensor, mask: Tensor | None) -> Reference:
    auto = AutoModelForMaskedLM if architecture in ENCODERS else AutoModelForCausalLM
    model = auto.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    with torch.no_grad():
        out = model(tokens, attention_mask=mask, output_hidden_states=True, output_attentions=True)
    saved = load_file(folder / "model.safetensors")
    weights = {name: tensor.double() for name, tensor in saved.items()}
    n_heads = model.config.num_attention_heads
    neurons, heads = [], []
    for layer, pattern in enumerate(out.attentions):
        x = out.hidden_states[layer].double()
        family = FAMILIES[architecture](weights, layer)
        value = _split(family.value(x), family.out.shape[0] // n_heads)
        contributions = _contributions(pattern.double(), value, family.out)
        heads.append(contributions.norm(dim=-1))
        attended = contributions.sum(2) + family.out_bias
        neurons.append(family.neurons(x, attended))
    return Reference(out.hidden_states[-1], out.logits, list(out.attentions), neurons, heads)


@dataclass(frozen=True)
class Family:
    """One layer of an architecture."""

    value: Callable[[Tensor], Tensor]
    """Layer input to values [batch, pos, kv_head * d_head]."""
    out: Tensor
    """W_O [head * d_head, d_model]."""
    out_bias: Tensor | float
    neurons: Callable[[Tensor, Tensor], Tensor]
    """Layer input and what attention adds, to the neurons."""


def _split(value: Tensor, d_head: int) -> Tensor:
    """[batch, pos, kv_head * d_head] to [batch, kv_head, pos, d_head]."""
    return value.unflatten(-1, (-1, d_head)).transpose(1, 2)


def _contributions(pattern: Tensor, value: Tensor, out: Tensor) -> Tensor:
    """[batch, pos, head, d_model], the sum over positions of pattern times value times W_O."""
    n_heads = pattern.shape[1]
    value = value.repeat_interleave(n_heads // value.shape[1], 1)
    return torch.einsum("bhqk,bhke,hed->bqhd", pattern, value, out.unflatten(0, (n_heads, -1)))


def _layer_norm(x: Tensor, w: Weights, name: str, eps: float) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / (centred.square().mean(-1, keepdim=True) + eps).sqrt()
    return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]


def _rms_norm(x: Tensor, w: Weights, name: str, offset: float) -> Tensor:
    scaled = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()
    return scaled * (w[f"{name}.weight"] + offset)


def _linear(x: Tensor, w: Weights, name: str) -> Tensor:
    return x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", 0.0)


def _gelu(x: Tensor) -> Tensor:
    return x * 0.5 * (1 + torch.erf(x / sqrt(2)))


def _gelu_tanh(x: Tensor) -> Tensor:
    return x * 0.5 * (1 + torch.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))


def _silu(x: Tensor) -> Tensor:
    return x / (1 + torch.exp(-x))


def _gpt2(w: Weights, layer: int) -> Family:
    at = f"transformer.h.{layer}"

    def value(x: Tensor) -> Tensor:
        normed = _layer_norm(x, w, f"{at}.ln_1", 1e-5)
        return (normed @ w[f"{at}.attn.c_attn.weight"] + w[f"{at}.attn.c_attn.bias"])[..., 48:]

    def neurons(x: Tensor, attended: Tensor) -> Tensor:
        normed = _layer_norm(x + attended, w, f"{at}.ln_2", 1e-5)
        return _gelu_tanh(normed @ w[f"{at}.mlp.c_fc.weight"] + w[f"{at}.mlp.c_fc.bias"])

    return Family(value, w[f"{at}.attn.c_proj.weight"], w[f"{at}.attn.c_proj.bias"], neurons)


def _gpt_neox(w: Weights, layer: int) -> Family:
    at = f"gpt_neox.layers.{layer}"

    def value(x: Tensor) -> Tensor:
        normed = _layer_norm(x, w, f"{at}.input_layernorm", 1e-5)
        together = _linear(normed, w, f"{at}.attention.query_key_value")
        return together.unflatten(-1, (4, 18))[..., 12:].flatten(-2)

    def neurons(x: Tensor, _attended: Tensor) -> Tensor:
        normed = _layer_norm(x, w, f"{at}.post_attention_layernorm", 1e-5)
        return _gelu(_linear(normed, w, f"{at}.mlp.dense_h_to_4h"))

    dense = f"{at}.attention.dense"
    return Family(value, w[f"{dense}.weight"].T, w[f"{dense}.bias"], neurons)


def _gated(
    w: Weights,
    layer: int,
    *,
    act: Callable[[Tensor], Tensor] = _silu,
    offset: float = 0.0,
    sandwich: bool = False,
) -> Family:
    """Llama, Mistral, Qwen; with norms on both sides and gains stored minus one, Gemma."""
    at = f"model.layers.{layer}"

    def value(x: Tensor) -> Tensor:
        normed = _rms_norm(x, w, f"{at}.input_layernorm", offset)
        return _linear(normed, w, f"{at}.self_attn.v_proj")

    def neurons(x: Tensor, attended: Tensor) -> Tensor:
        if sandwich:
            x = x + _rms_norm(attended, w, f"{at}.post_attention_layernorm", offset)
            normed = _rms_norm(x, w, f"{at}.pre_feedforward_layernorm", offset)
        else:
            normed = _rms_norm(x + attended, w, f"{at}.post_attention_layernorm", offset)
        gate = act(_linear(normed, w, f"{at}.mlp.gate_proj"))
        return gate * _linear(normed, w, f"{at}.mlp.up_proj")

    return Family(value, w[f"{at}.self_attn.o_proj.weight"].T, 0.0, neurons)


def _gemma(w: Weights, layer: int) -> Family:
    return _gated(w, layer, act=_gelu_tanh, offset=1.0, sandwich=True)


def _bert(w: Weights, layer: int, *, root: str = "bert") -> Family:
    at = f"{root}.encoder.layer.{layer}"

    def value(x: Tensor) -> Tensor:
        return _linear(x, w, f"{at}.attention.self.value")

    def neurons(x: Tensor, attended: Tensor) -> Tensor:
        normed = _layer_norm(x + attended, w, f"{at}.attention.output.LayerNorm", 1e-12)
        return _gelu(_linear(normed, w, f"{at}.intermediate.dense"))

    dense = f"{at}.attention.output.dense"
    return Family(value, w[f"{dense}.weight"].T, w[f"{dense}.bias"], neurons)


def _roberta(w: Weights, layer: int) -> Family:
    return _bert(w, layer, root="roberta")


def _distilbert(w: Weights, layer: int) -> Family:
    at = f"distilbert.transformer.layer.{layer}"

    def value(x: Tensor) -> Tensor:
        return _linear(x, w, f"{at}.attention.v_lin")

    def neurons(x: Tensor, attended: Tensor) -> Tensor:
        normed = _layer_norm(x + attended, w, f"{at}.sa_layer_norm", 1e-12)
        return _gelu(_linear(normed, w, f"{at}.ffn.lin1"))

    dense = f"{at}.attention.out_lin"
    return Family(value, w[f"{dense}.weight"].T, w[f"{dense}.bias"], neurons)


FAMILIES: dict[str, Callable[[Weights, int], Family]] = {
    "gpt2": _gpt2,
    "gpt_neox": _gpt_neox,
    "llama": _gated,
    "mistral": _gated,
    "qwen2": _gated,
    "qwen3": _gated,
    "gemma2": _gemma,
    "gemma3": _gemma,
    "bert": _bert,
    "roberta": _roberta,
    "distilbert": _distilbert,
}
