"""The network of the `plain` format: a pre-norm transformer in as few lines as it takes.

h = W_E[t] + W_pos[p]; per layer h += attn(norm(h)), then h += mlp(norm(h)); out comes norm(h).
The neurons' activations enter `layers.L.mlp.out`, the heads' outputs enter `layers.L.attn.out`.
Rotary positions turn the first half of a head against its second half, as in GPT-NeoX.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from analysis.models.attention import attend

ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "relu": (functional.relu, "torch.nn.functional.relu"),
    "gelu": (functional.gelu, "torch.nn.functional.gelu"),
    "gelu_tanh": (
        partial(functional.gelu, approximate="tanh"),
        "torch.nn.functional.gelu(approximate='tanh')",
    ),
    "silu": (functional.silu, "torch.nn.functional.silu"),
}
"""Function and its qualified name, by the name in config.json."""


class PlainConfig(BaseModel):
    """config.json of a plain model, and with it the shape of the network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["plain"] = "plain"
    version: Literal[1] = 1
    n_layers: int = Field(ge=1)
    d_model: int = Field(ge=1)
    n_heads: int = Field(ge=1)
    d_head: int = Field(ge=1)
    d_mlp: int = Field(ge=0)
    """0: attention only."""
    n_ctx: int = Field(ge=1)
    act: Literal["relu", "gelu", "gelu_tanh", "silu"] = "relu"
    gated: bool = False
    norm: Literal["none", "layer", "rms"] = "none"
    norm_eps: float = Field(default=1e-5, ge=0)
    causal: bool = True
    positions: Literal["learned", "rotary", "none"] = "learned"
    rotary_base: float = Field(default=10000, gt=0)
    attn_scale: float | None = None
    """None: 1/√d_head."""
    vocab: tuple[str, ...] = ()
    """May be left out where a tokenizer.json has it."""
    vocab_out: tuple[str, ...] | None = None
    bos_token: str | None = None
    tokenize: str = "whitespace"
    """whitespace, characters, or the name of a tokenizer.json in the folder."""

    @property
    def scale(self) -> float:
        return self.d_head**-0.5 if self.attn_scale is None else self.attn_scale


class Norm(nn.Module):
    """LayerNorm, RMSNorm, or nothing."""

    def __init__(self, shape: PlainConfig) -> None:
        super().__init__()
        self.kind, self.eps = shape.norm, shape.norm_eps
        self.w = nn.Parameter(torch.ones(shape.d_model))
        self.b = nn.Parameter(torch.zeros(shape.d_model))

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        if self.kind == "none":
            return x
        if self.kind == "layer":
            return functional.layer_norm(x, x.shape[-1:], self.w, self.b, self.eps)
        return functional.rms_norm(x, x.shape[-1:], self.w, self.eps) + self.b


class Attention(nn.Module):
    def __init__(self, shape: PlainConfig) -> None:
        super().__init__()
        width = shape.n_heads * shape.d_head
        self.query = nn.Linear(shape.d_model, width)
        self.key = nn.Linear(shape.d_model, width)
        self.value = nn.Linear(shape.d_model, width)
        self.out = nn.Linear(width, shape.d_model)
        self.d_head, self.scale, self.is_causal = shape.d_head, shape.scale, shape.causal

    def forward(
        self,
        x: Float[Tensor, "batch pos d_model"],
        mask: Tensor | None,
        turn: Callable[[Tensor], Tensor],
    ) -> Float[Tensor, "batch pos d_model"]:
        heads = (*x.shape[:-1], -1, self.d_head)
        query = turn(self.query(x).view(heads).transpose(1, 2))
        key = turn(self.key(x).view(heads).transpose(1, 2))
        value = self.value(x).view(heads).transpose(1, 2)
        z, _ = attend(self, query, key, value, mask, scaling=self.scale)
        projected: Tensor = self.out(z.reshape(*x.shape[:-1], -1))
        return projected


class Activation(nn.Module):
    """A module of its own, so that it can be told from what is linear."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.function = ACTIVATIONS[name][0]

    def forward(self, x: Float[Tensor, "batch pos d_mlp"]) -> Float[Tensor, "batch pos d_mlp"]:
        return self.function(x)


class Mlp(nn.Module):
    def __init__(self, shape: PlainConfig) -> None:
        super().__init__()
        self.into = nn.Linear(shape.d_model, shape.d_mlp)
        self.gate = nn.Linear(shape.d_model, shape.d_mlp, bias=False) if shape.gated else None
        self.out = nn.Linear(shape.d_mlp, shape.d_model)
        self.activation = Activation(shape.act)

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        entered = self.into(x)
        if self.gate is None:
            neurons = self.activation(entered)
        else:
            neurons = self.activation(self.gate(x)) * entered
        written: Tensor = self.out(neurons)
        return written


class Layer(nn.Module):
    def __init__(self, shape: PlainConfig) -> None:
        super().__init__()
        self.ln1, self.attn = Norm(shape), Attention(shape)
        self.ln2 = Norm(shape) if shape.d_mlp else None
        self.mlp = Mlp(shape) if shape.d_mlp else None

    def forward(
        self,
        h: Float[Tensor, "batch pos d_model"],
        mask: Tensor | None,
        turn: Callable[[Tensor], Tensor],
    ) -> Float[Tensor, "batch pos d_model"]:
        h = h + self.attn(self.ln1(h), mask, turn)
        if self.mlp is None or self.ln2 is None:
            return h
        written: Tensor = self.mlp(self.ln2(h))
        return h + written


class PlainTransformer(nn.Module):
    """Tokens to the last hidden state; `unembed` is there for the logits."""

    def __init__(self, shape: PlainConfig, *, n_vocab: int, n_out: int) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(n_vocab, shape.d_model)
        learned = shape.positions == "learned"
        self.positions = nn.Embedding(shape.n_ctx, shape.d_model) if learned else None
        self.layers = nn.ModuleList([Layer(shape) for _ in range(shape.n_layers)])
        self.norm = Norm(shape)
        self.unembed = nn.Linear(shape.d_model, n_out)

    def forward(
        self, tokens: Int[Tensor, "batch pos"], real: Int[Tensor, "batch pos"] | None
    ) -> Float[Tensor, "batch pos d_model"]:
        h = self.embed(tokens)
        if self.positions is not None:
            h = h + self.positions.weight[: tokens.shape[1]]
        # Causal models need no mask: what follows the real tokens is never read by them.
        mask = None if real is None or self.shape.causal else real[:, None, None, :].bool()
        turn = self._turn(tokens.shape[1], h)
        for layer in self.layers:
            h = layer(h, mask, turn)
        normed: Tensor = self.norm(h)
        return normed

    def blocks(self) -> list[Layer]:
        return [layer for layer in self.layers if isinstance(layer, Layer)]

    def _turn(self, n_pos: int, like: Tensor) -> Callable[[Tensor], Tensor]:
        if self.shape.positions != "rotary":
            return _as_is
        half = self.shape.d_head // 2
        step = torch.arange(half, device=like.device, dtype=torch.float32) / half
        speed = self.shape.rotary_base**-step
        angle = torch.arange(n_pos, device=like.device, dtype=torch.float32)[:, None] * speed
        return partial(_rotate, cos=angle.cos().to(like.dtype), sin=angle.sin().to(like.dtype))


def _as_is(x: Tensor) -> Tensor:
    return x


def _rotate(
    x: Float[Tensor, "batch head pos d_head"],
    *,
    cos: Float[Tensor, "pos half"],
    sin: Float[Tensor, "pos half"],
) -> Float[Tensor, "batch head pos d_head"]:
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)
