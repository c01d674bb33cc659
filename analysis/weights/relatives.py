"""Which units are alike: by the direction they write, and by when they are active.

Output direction: cosine of output vectors. Activity: Pearson's r over the counted tokens of the
fit pool. All pairs are compared on a sample of the tokens; the most alike are then compared on all
of them, and that r is what is stored. A unit that is constant there has no relatives by activity.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from numpy import ndarray
from torch import Tensor

from analysis.weights.selecting import largest

BLOCK = 1024
SAMPLE = 1024
"""Tokens on which all pairs are compared."""
CANDIDATES = 4
"""So many times the units asked for are compared on all tokens."""

Tell = Callable[[int, int], None]
"""Is told how many units are done, of how many."""


@dataclass(frozen=True)
class Relatives:
    """For units start to start + len: the most alike others, by falling magnitude."""

    start: int
    units: Int64[ndarray, "unit n"]
    """Row numbers among all compared units."""
    values: Float32[ndarray, "unit n"]
    """Cosine or r; NaN where there are none."""


def by_direction(vectors: Float[Tensor, "unit d_model"], *, n: int, tell: Tell) -> list[Relatives]:
    """By cosine of output vectors."""
    unit_length = torch.nn.functional.normalize(vectors.float(), dim=1)
    return _nearest(unit_length, n=n, tell=tell)


def by_activity(
    activity: Float32[ndarray, "unit token"], *, n: int, seed: int, tell: Tell
) -> list[Relatives]:
    """By Pearson's r over all tokens; `activity` is standardised in place."""
    varied = standardise(activity)
    everything = torch.from_numpy(activity)
    generator = torch.Generator().manual_seed(seed)
    n_tokens = everything.shape[1]
    chosen = torch.randperm(n_tokens, generator=generator)[:SAMPLE].sort().values
    sampled = torch.nn.functional.normalize(everything[:, chosen], dim=1)
    rough = _nearest(sampled, n=CANDIDATES * n, tell=tell)
    return [_refined(each, everything, varied, n) for each in rough]


def standardise(activity: Float32[ndarray, "unit token"]) -> Bool[ndarray, " unit"]:
    """Make every row of mean 0 and length 1, in place; says which rows vary at all."""
    activity -= activity.mean(1, keepdims=True, dtype=np.float64).astype(np.float32)
    lengths = np.sqrt(np.einsum("ut,ut->u", activity, activity, dtype=np.float64))
    varied = lengths > 0
    activity /= np.where(varied, lengths, 1).astype(np.float32)[:, None]
    return np.asarray(varied)


def _nearest(rows: Float[Tensor, "unit width"], *, n: int, tell: Tell) -> list[Relatives]:
    """By magnitude of the scalar product, each row's n nearest other rows."""
    n = min(n, len(rows) - 1)
    found = []
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        products = block @ rows.T
        magnitudes = products.abs()
        magnitudes[torch.arange(len(block)), torch.arange(start, start + len(block))] = -1
        _, units = largest(magnitudes, n)
        values = products.gather(1, units)
        found.append(Relatives(start, units.numpy(), values.numpy()))
        tell(start + len(block), len(rows))
    return found


def _refined(
    rough: Relatives, rows: Float[Tensor, "unit token"], varied: Bool[ndarray, " unit"], n: int
) -> Relatives:
    """The same with r over all tokens."""
    units = torch.from_numpy(rough.units)
    values = torch.stack([
        rows[candidates] @ rows[rough.start + i] for i, candidates in enumerate(units)
    ])  # fmt: skip
    top = torch.topk(values.abs(), min(n, values.shape[1]), dim=1).indices
    kept, r = units.gather(1, top).numpy(), values.gather(1, top).numpy()
    lone = ~varied[rough.start : rough.start + len(kept)]
    r[lone[:, None] | ~varied[kept]] = np.nan
    return Relatives(rough.start, kept, r)
