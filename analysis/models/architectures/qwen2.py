"""Qwen2 and Qwen2.5: gated MLP, biases on query, key and value."""

from analysis.models.architectures.base import Architecture

QWEN2 = Architecture(
    name="qwen2",
    model_types=("qwen2",),
    backbone="model",
    layers="layers",
    mlp_out="mlp.down_proj",
    activation="mlp.act_fn",
    attn_out="self_attn.o_proj",
    final_norm="norm",
    gated=True,
    norm="rms",
)
