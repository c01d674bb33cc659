"""GPT-NeoX, and with it Pythia."""

from analysis import paths
from analysis.models.architectures.base import Architecture

GPT_NEOX = Architecture(
    name="gpt_neox",
    model_types=("gpt_neox",),
    paths=paths.GPT_NEOX,
    activation="mlp.act",
    final_norm="final_layer_norm",
    gated=False,
    norm="layer",
)
