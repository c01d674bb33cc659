"""Gemma 3, by itself and as the language part of its models that also see.

Norms before and after each part, gains stored minus one, sliding windows.

What a neuron writes passes `post_feedforward_layernorm`, so its output vector is W_out times that
norm's gain; the norm's division depends on the input and is left out.
"""

from dataclasses import replace

from analysis import paths
from analysis.models.architectures.base import Architecture

GEMMA3 = Architecture(
    name="gemma3",
    model_types=("gemma3_text",),
    paths=paths.LLAMA,
    activation="mlp.act_fn",
    final_norm="norm",
    gated=True,
    norm="rms",
    gain_offset=1.0,
    mlp_adds=False,
    mlp_norm="post_feedforward_layernorm",
)

GEMMA3_SEEING = replace(GEMMA3, model_types=("gemma3",), paths=paths.GEMMA3_SEEING)
