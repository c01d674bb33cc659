"""What a network says behind its prompts, apart from the metric that a circuit was found by.

Faithfulness is a ratio of means: a circuit may reach 1 by being far above the model on some prompts
and far below it on others, or by raising the right token while it says quite another one. So it is
also asked whether it is right, how its metric varies, and how far all that it says is from what the
untouched model says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from numpy import ndarray
from torch import Tensor

from analysis.circuits.keeping import Batch, kept_last
from analysis.circuits.units import Units
from analysis.models.tracing import Check
from analysis.solving.metrics import NONE, are_right


@dataclass(frozen=True, eq=False)
class Said:
    """Pair by pair."""

    metric: Float64[ndarray, " pair"]
    right: Float64[ndarray, " pair"]
    """1 where a right answer stands above all wrong ones, else 0; NaN where none is named."""
    kl: Float64[ndarray, " pair"]
    """KL(p_model ‖ p) in nats; p_model of the untouched model."""


def all_said(
    batches: Sequence[Batch], units: Units, keep: Float[Tensor, " unit"], check: Check | None
) -> Said:
    """In the order of the batches, with each unit kept as much as `keep` says."""
    found: list[list[Tensor]] = [[], [], []]
    for batch in batches:
        sides = batch.sides
        with torch.no_grad():
            last = kept_last(batch, units, keep, check=check)
            logits = sides.model.logits(last[:, -1]).float()
            known, told = sides.reference.log_softmax(-1), logits.log_softmax(-1)
            parts = (
                sides.values(last),
                _right(batch, logits),
                (known.exp() * (known - told)).sum(-1),
            )
        for all_of, part in zip(found, parts, strict=True):
            all_of.append(part.double().cpu())
    metric, right, kl = (torch.cat(parts).numpy() for parts in found)
    return Said(metric, right, np.maximum(kl, 0.0))


def _right(batch: Batch, logits: Float[Tensor, "pair vocab"]) -> Float[Tensor, " pair"]:
    answers = batch.sides.answers
    if not answers.right.shape[1]:
        return torch.full((len(logits),), torch.nan, device=logits.device)
    named = (answers.right != NONE).any(-1)
    right = are_right(logits, answers).to(logits.dtype)
    return torch.where(named, right, torch.nan)
