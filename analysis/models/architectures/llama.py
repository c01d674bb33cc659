"""Llama, and what shares its code: SmolLM, SmolLM2, TinyLlama, Vicuna, …"""

from analysis.models.architectures.base import Architecture

LLAMA = Architecture(
    name="llama",
    model_types=("llama",),
    backbone="model",
    layers="layers",
    mlp_out="mlp.down_proj",
    activation="mlp.act_fn",
    attn_out="self_attn.o_proj",
    final_norm="norm",
    gated=True,
    norm="rms",
)
