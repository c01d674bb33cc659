"""Networks written out with what RelP holds fast detached, from saved weights.

h = stream(…)                # any that requires a gradient
by_hand = llama(folder, h)   # the last hidden state, and what entered every projection
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import gelu, silu


@dataclass(frozen=True)
class ByHand:
    last: Tensor
    values: dict[str, Tensor]


def plain(folder: Path, h: Tensor) -> ByHand:
    """With LayerNorm, gated, gelu; as `tiny.PLAIN` has it otherwise."""
    w = load_file(folder / "model.safetensors")
    values: dict[str, Tensor] = {}
    for layer in range(2):
        at = f"blocks.{layer}"
        x = layer_norm(h, w[f"{at}.ln1.w"], w[f"{at}.ln1.b"], 1e-5)
        q, k, v = (
            torch.einsum("bpd,hde->bhpe", x, w[f"{at}.attn.W_{name}"])
            + w[f"{at}.attn.b_{name}"][:, None]
            for name in "QKV"
        )
        z = side_by_side(causal(q, k) @ v)
        values[f"attn.{layer}"] = z
        h = h + z @ w[f"{at}.attn.W_O"].flatten(0, 1) + w[f"{at}.attn.b_O"]
        x = layer_norm(h, w[f"{at}.ln2.w"], w[f"{at}.ln2.b"], 1e-5)
        gate = as_share(gelu, x @ w[f"{at}.mlp.W_gate"])
        product = gate * (x @ w[f"{at}.mlp.W_in"] + w[f"{at}.mlp.b_in"])
        neurons = (product + product.detach()) / 2
        values[f"mlp.{layer}"] = neurons
        h = h + neurons @ w[f"{at}.mlp.W_out"] + w[f"{at}.mlp.b_out"]
    return ByHand(layer_norm(h, w["ln_final.w"], w["ln_final.b"], 1e-5), values)


def gpt2(folder: Path, h: Tensor) -> ByHand:
    """Its matrices are saved as [in, out]."""
    w = load_file(folder / "model.safetensors")
    values: dict[str, Tensor] = {}
    for layer in range(2):
        at = f"transformer.h.{layer}"

        def linear(x: Tensor, name: str, at: str = at) -> Tensor:
            return x @ w[f"{at}.{name}.weight"] + w[f"{at}.{name}.bias"]

        x = layer_norm(h, w[f"{at}.ln_1.weight"], w[f"{at}.ln_1.bias"], 1e-5)
        q, k, v = (heads(one, 4) for one in linear(x, "attn.c_attn").chunk(3, -1))
        z = side_by_side(causal(q, k) @ v)
        values[f"attn.{layer}"] = z
        h = h + linear(z, "attn.c_proj")
        x = layer_norm(h, w[f"{at}.ln_2.weight"], w[f"{at}.ln_2.bias"], 1e-5)
        neurons = as_share(lambda x: gelu(x, approximate="tanh"), linear(x, "mlp.c_fc"))
        values[f"mlp.{layer}"] = neurons
        h = h + linear(neurons, "mlp.c_proj")
    gain, bias = w["transformer.ln_f.weight"], w["transformer.ln_f.bias"]
    return ByHand(layer_norm(h, gain, bias, 1e-5), values)


def llama(folder: Path, h: Tensor) -> ByHand:
    """Its matrices are saved as [out, in]; two heads share a key."""
    w = load_file(folder / "model.safetensors")
    values: dict[str, Tensor] = {}
    for layer in range(2):
        at = f"model.layers.{layer}"

        def linear(x: Tensor, name: str, at: str = at) -> Tensor:
            return x @ w[f"{at}.{name}.weight"].T

        x = rms_norm(h, w[f"{at}.input_layernorm.weight"], 1e-6)
        q = turned(heads(linear(x, "self_attn.q_proj"), 4))
        k = turned(heads(linear(x, "self_attn.k_proj"), 2)).repeat_interleave(2, 1)
        v = heads(linear(x, "self_attn.v_proj"), 2).repeat_interleave(2, 1)
        z = side_by_side(causal(q, k) @ v)
        values[f"attn.{layer}"] = z
        h = h + linear(z, "self_attn.o_proj")
        x = rms_norm(h, w[f"{at}.post_attention_layernorm.weight"], 1e-6)
        product = as_share(silu, linear(x, "mlp.gate_proj")) * linear(x, "mlp.up_proj")
        neurons = (product + product.detach()) / 2
        values[f"mlp.{layer}"] = neurons
        h = h + linear(neurons, "mlp.down_proj")
    return ByHand(rms_norm(h, w["model.norm.weight"], 1e-6), values)


def layer_norm(x: Tensor, gain: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    deviation = (centred.square().mean(-1, keepdim=True) + epsilon).sqrt()
    return centred / deviation.detach() * gain + bias


def rms_norm(x: Tensor, gain: Tensor, epsilon: float) -> Tensor:
    return x / (x.square().mean(-1, keepdim=True) + epsilon).sqrt().detach() * gain


def as_share(activation: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    return z * (activation(z) / z).detach()


def causal(q: Tensor, k: Tensor) -> Tensor:
    """The attention pattern, held fast."""
    n_pos, width = q.shape[-2:]
    later = torch.ones(n_pos, n_pos, dtype=torch.bool).triu(1)
    return (q @ k.mT / width**0.5).masked_fill(later, float("-inf")).softmax(-1).detach()


def heads(x: Tensor, n_heads: int) -> Tensor:
    return x.unflatten(-1, (n_heads, -1)).transpose(1, 2)


def side_by_side(z: Tensor) -> Tensor:
    return z.transpose(1, 2).flatten(2)


def turned(x: Tensor) -> Tensor:
    """Rotary positions, base 10000: the first half of a head against the second."""
    n_pos, width = x.shape[-2:]
    speed = 10000.0 ** (-torch.arange(0, width, 2) / width)
    angle = torch.arange(n_pos)[:, None] * speed
    one, two = x.chunk(2, -1)
    cos, sin = angle.cos(), angle.sin()
    return torch.cat((one * cos - two * sin, two * cos + one * sin), -1)
