"""RoBERTa: BERT's modules, positions counted from the padding id, another head."""

from typing import Any

from torch import Tensor

from analysis import paths
from analysis.models.architectures.base import Architecture


def _head(model: Any, last: Tensor) -> Tensor:  # noqa: ANN401 - a transformers model
    logits: Tensor = model.lm_head(last)
    return logits


def _context(config: Any) -> int:  # noqa: ANN401 - a transformers configuration
    return int(config.max_position_embeddings) - int(config.pad_token_id) - 1


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
    context=_context,
)
