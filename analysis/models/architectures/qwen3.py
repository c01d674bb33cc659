"""Qwen3 (dense): gated MLP, queries and keys normalised per head."""

from analysis.models.architectures.base import Architecture

QWEN3 = Architecture(
    name="qwen3",
    model_types=("qwen3",),
    backbone="model",
    layers="layers",
    mlp_out="mlp.down_proj",
    activation="mlp.act_fn",
    attn_out="self_attn.o_proj",
    final_norm="norm",
    gated=True,
    norm="rms",
)
