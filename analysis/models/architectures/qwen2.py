"""Qwen2 and Qwen2.5: gated MLP, biases on query, key and value."""

from analysis import paths
from analysis.models.architectures.base import Architecture

QWEN2 = Architecture(
    name="qwen2",
    model_types=("qwen2",),
    paths=paths.LLAMA,
    activation="mlp.act_fn",
    final_norm="norm",
    gated=True,
    norm="rms",
)
