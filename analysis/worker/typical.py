"""What the norms behind the neurons typically multiply by: measured on a few windows of a sweep.

A norm's scale depends on the text, so that "the effect of a neuron on the logits" does too. The
median over the counted tokens of a uniform sample of windows makes one number of it; the spread is
kept beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session
from torch import Tensor

from analysis.models.subject import SubjectModel
from app.store.packing import unpack
from app.store.tables import WindowTable

N_WINDOWS = 16
AT_ONCE = 4


@dataclass(frozen=True)
class Typical:
    """Medians of 1/rms (LayerNorm: 1/standard deviation) over tokens; 1 without any token."""

    n_windows: int
    n_tokens: int
    final: float
    final_low: float
    """5th percentile,"""
    final_high: float
    """and 95th."""
    mlp: list[float] | None
    """Per layer, of the norm between MLP and residual stream."""


def first_windows(session: Session, window_set_id: int | None) -> list[NDArray[np.uint32]]:
    """Tokens of the first windows, which are a uniform sample of the split fit, if it has any."""
    rows = session.scalars(
        select(WindowTable.tokens)
        .where(WindowTable.window_set_id == window_set_id)
        .order_by(WindowTable.number)
        .limit(N_WINDOWS)
    )
    return [unpack(tokens, np.uint32) for tokens in rows]


def typical_scales(
    model: SubjectModel, windows: Sequence[NDArray[np.uint32]], *, first: int
) -> Typical:
    """Over the positions from `first` on, which are those that statistics count."""
    final: list[Tensor] = []
    mlp: list[list[Tensor]] = []
    for start in range(0, len(windows), AT_ONCE):
        some = windows[start : start + AT_ONCE]
        lengths = torch.tensor([len(tokens) for tokens in some])
        tokens = torch.zeros(len(some), int(lengths.max()), dtype=torch.int64)
        for row, window in zip(tokens, some, strict=True):
            row[: len(window)] = torch.from_numpy(window.astype(np.int64))
        positions = torch.arange(tokens.shape[1])
        counted = (positions >= first) & (positions < lengths[:, None])
        found = model.norm_scales(tokens, lengths=lengths)
        final.append(found.final[counted])
        mlp.append([scale[counted] for scale in found.mlp or ()])
    everything = _finite(final)
    if not len(everything):
        return Typical(len(windows), 0, 1.0, 1.0, 1.0, None)
    low, median, high = torch.quantile(everything, torch.tensor([0.05, 0.5, 0.95])).tolist()
    layers = [_finite(layer).median().item() for layer in zip(*mlp, strict=True)]
    return Typical(len(windows), len(everything), median, low, high, layers or None)


def _finite(scales: Sequence[Tensor]) -> Tensor:
    joined = torch.cat([torch.empty(0), *scales])
    return joined[joined.isfinite()]
