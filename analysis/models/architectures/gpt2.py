"""GPT-2, and what shares its code: DistilGPT-2, DialoGPT, …"""

from analysis.models.architectures.base import Architecture

GPT2 = Architecture(
    name="gpt2",
    model_types=("gpt2",),
    backbone="transformer",
    layers="h",
    mlp_out="mlp.c_proj",
    activation="mlp.act",
    attn_out="attn.c_proj",
    final_norm="ln_f",
    gated=False,
    norm="layer",
)
