"""Integrated gradients over what is kept: all units at once from ablated to as they are computed.

Where `attribution` integrates over the embeddings between two prompts, this goes through networks
that are between an empty circuit and a whole one, which is nearer to what circuits are.
"""

from collections.abc import Sequence
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.keeping import Batch, keep_gradient
from analysis.circuits.units import Units
from analysis.models.tracing import Check

STEPS: Final = 5
"""At the middle of each fifth of the way."""


def integrate_keeping(
    batches: Sequence[Batch], units: Units, *, check: Check | None = None
) -> Float[Tensor, " unit"]:
    """By how much the metric rises with each unit that is kept; means over pairs."""
    total, n_pairs = torch.zeros(len(units)), sum(batch.n_pairs for batch in batches)
    for step in range(STEPS):
        keep = torch.full((len(units),), (step + 0.5) / STEPS)
        for batch in batches:
            slope, _ = keep_gradient(batch, units, keep, lambda values: values.sum(), check=check)
            total += slope.cpu()
    return total / (STEPS * n_pairs)
