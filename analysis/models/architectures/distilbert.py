"""DistilBERT: BERT with fewer layers, other names, and its head in three modules."""

from typing import Any

from torch import Tensor, nn

from analysis import paths
from analysis.models.architectures.base import Architecture


def _head(model: Any, last: Tensor) -> Tensor:  # noqa: ANN401 - a transformers model
    transformed = model.activation(model.vocab_transform(last))
    logits: Tensor = model.vocab_projector(model.vocab_layer_norm(transformed))
    return logits


def _head_activation(model: Any) -> nn.Module:  # noqa: ANN401 - a transformers model
    found: nn.Module = model.activation
    return found


DISTILBERT = Architecture(
    name="distilbert",
    model_types=("distilbert",),
    paths=paths.DISTILBERT,
    activation="ffn.activation",
    final_norm="transformer.layer.-1.output_layer_norm",
    gated=False,
    norm="layer",
    mlp_adds=False,
    causal=False,
    head=_head,
    linear_head=False,
    head_activation=_head_activation,
)
