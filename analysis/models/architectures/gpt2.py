"""GPT-2, and what shares its code: DistilGPT-2, DialoGPT, …"""

from analysis import paths
from analysis.models.architectures.base import Architecture

GPT2 = Architecture(
    name="gpt2",
    model_types=("gpt2",),
    paths=paths.GPT2,
    activation="mlp.act",
    final_norm="ln_f",
    gated=False,
    norm="layer",
)
