"""Attention as transformers computes it, with the pattern of one head computable on demand.

The models run with our own attention function: the same scaled dot product attention, which also
leaves references to its inputs when somebody may ask for a pattern. Nothing is computed for that
until somebody asks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "patchclamp"
"""The name under which transformers knows our attention function."""


@dataclass
class Capture:
    """The inputs of the attention that ran last; the next layer overwrites them."""

    query: Float[Tensor, "batch head pos d_head"] | None = None
    key: Float[Tensor, "batch kv_head source d_head"] | None = None
    mask: Tensor | None = None
    scaling: float = 1.0
    softcap: float | None = None
    causal: bool = True

    def clear(self) -> None:
        self.query = self.key = self.mask = None


CAPTURE: ContextVar[Capture | None] = ContextVar("patchclamp_capture", default=None)
"""Where the forward pass under way leaves its attention's inputs; None: nobody will ask."""
_FIXED: ContextVar[bool] = ContextVar("patchclamp_patterns_fixed", default=False)


@contextmanager
def patterns_fixed() -> Iterator[None]:
    """What attends inside is differentiated as if its patterns depended on nothing."""
    token = _FIXED.set(True)
    try:
        yield
    finally:
        _FIXED.reset(token)


def attend(
    module: nn.Module,
    query: Float[Tensor, "batch head pos d_head"],
    key: Float[Tensor, "batch kv_head source d_head"],
    value: Float[Tensor, "batch kv_head source d_head"],
    attention_mask: Tensor | None,
    **kwargs: Any,  # noqa: ANN401 - the signature is that of transformers
) -> tuple[Float[Tensor, "batch pos head d_head"], None]:
    """What `sdpa` gives; with a softcap, which sdpa cannot do, the explicit formula."""
    if _FIXED.get():
        query, key = query.detach(), key.detach()
    scaling = kwargs.get("scaling")
    softcap = kwargs.get("softcap")
    given = kwargs.get("is_causal")
    causal = getattr(module, "is_causal", True) if given is None else given
    # a token alone, after others that are remembered, reads them all
    causal = causal and query.shape[2] > 1
    capture = CAPTURE.get()
    if capture is not None:
        capture.query, capture.key, capture.mask = query, key, attention_mask
        capture.scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
        capture.softcap = softcap
        capture.causal = causal and attention_mask is None
    if softcap is None:
        output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs)
        return output, None
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = torch.tanh(query @ key.mT * (scale / softcap)) * softcap
    scores = _masked(scores, attention_mask, causal and attention_mask is None)
    pattern = torch.softmax(scores, -1, dtype=torch.float32).to(query.dtype)
    return (pattern @ value).transpose(1, 2).contiguous(), None


def patterns_of(
    capture: Capture, windows: Int[Tensor, " pair"], heads: Int[Tensor, " pair"]
) -> Float[Tensor, "pair pos pos"]:
    """The attention patterns of (window, head) pairs, in float32, from what was left behind."""
    if capture.query is None or capture.key is None:
        raise RuntimeError("no attention is under way: ask from inside a recorder of attn sites")
    groups = capture.query.shape[1] // capture.key.shape[1]
    query = capture.query[windows, heads].float()
    key = capture.key[windows, heads // groups].float()
    mask = capture.mask
    if mask is None and capture.softcap is None:
        # The common case, in one pass: −∞ above the diagonal plus the scaled product.
        bias = _causal_bias(query.shape[1], query.device) if capture.causal else query.new_zeros(())
        scores = torch.baddbmm(bias, query, key.mT, alpha=capture.scaling)
        return torch.softmax(scores, -1)
    scores = query @ key.mT * capture.scaling
    if capture.softcap is not None:
        scores = torch.tanh(scores / capture.softcap) * capture.softcap
    if mask is not None:
        rows = windows if mask.shape[0] > 1 else torch.zeros_like(windows)
        mask = mask[rows, heads if mask.shape[1] > 1 else torch.zeros_like(heads)]
    return torch.softmax(_masked(scores, mask, capture.causal), -1)


@lru_cache(maxsize=4)
def _causal_bias(n_pos: int, device: torch.device) -> Float[Tensor, "1 pos pos"]:
    return torch.full((1, n_pos, n_pos), float("-inf"), device=device).triu(1)


def _masked(scores: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
    if mask is None and causal:
        n = scores.shape[-1]
        mask = torch.ones(n, n, dtype=torch.bool, device=scores.device).tril()
    if mask is None:
        return scores
    if mask.dtype == torch.bool:
        return scores.masked_fill(~mask, float("-inf"))
    return scores + mask


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
