"""Qwen3 (dense): gated MLP, queries and keys normalised per head."""

from analysis import paths
from analysis.models.architectures.base import Architecture

QWEN3 = Architecture(
    name="qwen3",
    model_types=("qwen3",),
    paths=paths.LLAMA,
    activation="mlp.act_fn",
    final_norm="norm",
    gated=True,
    norm="rms",
)
