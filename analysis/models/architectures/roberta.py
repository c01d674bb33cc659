"""RoBERTa: BERT's modules, positions counted from the padding id, another head."""

from typing import Any

from torch import Tensor, nn
from transformers.activations import gelu

from analysis import paths
from analysis.models.architectures.base import Architecture


def _head(model: Any, last: Tensor) -> Tensor:  # noqa: ANN401 - a transformers model
    logits: Tensor = model.lm_head(last)
    return logits


def _context(config: Any) -> int:  # noqa: ANN401 - a transformers configuration
    return int(config.max_position_embeddings) - int(config.pad_token_id) - 1


def _head_activation(_model: Any) -> nn.Module:  # noqa: ANN401 - a transformers model
    # the one module that the head of every RoBERTa calls
    found: nn.Module = gelu
    return found


ROBERTA = Architecture(
    name="roberta",
    model_types=("roberta",),
    paths=paths.ROBERTA,
    activation="intermediate.intermediate_act_fn",
    final_norm="encoder.layer.-1.output.LayerNorm",
    gated=False,
    norm="layer",
    mlp_adds=False,
    causal=False,
    head=_head,
    linear_head=False,
    head_activation=_head_activation,
    context=_context,
)
