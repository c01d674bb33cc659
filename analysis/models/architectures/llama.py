"""Llama, and what shares its code: SmolLM, SmolLM2, TinyLlama, Vicuna, …"""

from analysis import paths
from analysis.models.architectures.base import Architecture

LLAMA = Architecture(
    name="llama",
    model_types=("llama",),
    paths=paths.LLAMA,
    activation="mlp.act_fn",
    final_norm="norm",
    gated=True,
    norm="rms",
)
