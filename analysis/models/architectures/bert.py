"""BERT: an encoder, normalised after each part; its head transforms before it unembeds.

The head's dense layer is not linear in the residual stream, so the unembedding leaves it out.
"""

from typing import Any

from torch import Tensor, nn

from analysis import paths
from analysis.models.architectures.base import Architecture


def _head(model: Any, last: Tensor) -> Tensor:  # noqa: ANN401 - a transformers model
    logits: Tensor = model.cls(last)
    return logits


def _head_activation(model: Any) -> nn.Module:  # noqa: ANN401 - a transformers model
    found: nn.Module = model.cls.predictions.transform.transform_act_fn
    return found


BERT = Architecture(
    name="bert",
    model_types=("bert",),
    paths=paths.BERT,
    activation="intermediate.intermediate_act_fn",
    final_norm="encoder.layer.-1.output.LayerNorm",
    gated=False,
    norm="layer",
    mlp_adds=False,
    causal=False,
    head=_head,
    linear_head=False,
    head_activation=_head_activation,
)
