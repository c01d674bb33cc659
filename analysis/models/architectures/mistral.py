"""Mistral: Llama's modules, with a sliding attention window where the configuration has one."""

from analysis import paths
from analysis.models.architectures.base import Architecture

MISTRAL = Architecture(
    name="mistral",
    model_types=("mistral",),
    paths=paths.LLAMA,
    activation="mlp.act_fn",
    final_norm="norm",
    gated=True,
    norm="rms",
)
