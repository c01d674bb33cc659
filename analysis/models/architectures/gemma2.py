"""Gemma 2: norms before and after each part, gains stored minus one, soft caps, sliding windows.

What a neuron writes passes `post_feedforward_layernorm`, so its output vector is W_out times that
norm's gain; the norm's division depends on the input and is left out.
"""

from analysis import paths
from analysis.models.architectures.base import Architecture

GEMMA2 = Architecture(
    name="gemma2",
    model_types=("gemma2",),
    paths=paths.LLAMA,
    activation="mlp.act_fn",
    final_norm="norm",
    gated=True,
    norm="rms",
    gain_offset=1.0,
    mlp_adds=False,
    mlp_norm="post_feedforward_layernorm",
)
