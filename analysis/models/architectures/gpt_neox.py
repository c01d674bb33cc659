"""GPT-NeoX, and with it Pythia."""

from analysis.models.architectures.base import Architecture

GPT_NEOX = Architecture(
    name="gpt_neox",
    model_types=("gpt_neox",),
    backbone="gpt_neox",
    layers="layers",
    mlp_out="mlp.dense_4h_to_h",
    activation="mlp.act",
    attn_out="attention.dense",
    final_norm="final_layer_norm",
    gated=False,
    norm="layer",
)
