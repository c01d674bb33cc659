"""Mistral: Llama's modules, with a sliding attention window where the configuration has one."""

from analysis.models.architectures.base import Architecture

MISTRAL = Architecture(
    name="mistral",
    model_types=("mistral",),
    backbone="model",
    layers="layers",
    mlp_out="mlp.down_proj",
    activation="mlp.act_fn",
    attn_out="self_attn.o_proj",
    final_norm="norm",
    gated=True,
    norm="rms",
)
