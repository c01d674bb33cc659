"""Which units are alike: by the direction they write, and by when they are active.

Output direction: cosine of output vectors. Activity: Pearson's r over tokens. Either way rows of
length 1 are compared by their scalar product, all pairs, every pair once. That may be done in a
coarse dtype; the most alike of it are then compared again in float32, and that number is kept, but
one that the coarse comparison left out stays out. How many of the true relatives are found so is
measured on a random sample of units, and so is how alike the most alike of unrelated rows are: of
that many others some are alike by chance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from numpy import ndarray
from torch import Tensor

from analysis.weights.selecting import largest

MOST_PRODUCTS = 1 << 26
"""Products held at once."""
BLOCK = 1024
SPARE = 4
"""So many more than the units asked for are compared again in float32."""

Tell = Callable[[int, int], None]
"""Is told how many units are done, of how many."""


@dataclass(frozen=True)
class Relatives:
    """Of every unit, the most alike others by falling magnitude."""

    units: Int64[ndarray, "unit n"]
    values: Float32[ndarray, "unit n"]
    """Cosine or r; NaN where there are none."""


@dataclass(frozen=True)
class Chance:
    """The magnitude that the best of all others reaches for rows that mean nothing."""

    n_others: int
    n_drawn: int
    median: float
    high: float
    """95 % of the drawn rows stay below."""


def directions(vectors: Float[Tensor, "unit d_model"]) -> Float[Tensor, "unit d_model"]:
    """Output vectors at length 1; zero vectors stay."""
    return torch.nn.functional.normalize(vectors.float(), dim=1)


def standardise(activity: Float32[ndarray, "unit token"]) -> Bool[ndarray, " unit"]:
    """Make every row of mean 0 and length 1, in place; says which rows vary at all."""
    activity -= activity.mean(1, keepdims=True, dtype=np.float64).astype(np.float32)
    lengths = np.sqrt(np.einsum("ut,ut->u", activity, activity, dtype=np.float64))
    varied = lengths > 0
    activity /= np.where(varied, lengths, 1).astype(np.float32)[:, None]
    return np.asarray(varied)


def most_alike(
    rows: Float[Tensor, "unit width"],
    *,
    n: int,
    coarse: torch.dtype,
    varied: Bool[ndarray, " unit"] | None = None,
    tell: Tell,
) -> Relatives:
    """Each row's n most alike other rows, compared in `coarse` first; others than `varied` rows
    have none and are nobody's."""
    n = min(n, len(rows) - 1)
    candidates = _candidates(rows.to(coarse), min(n + SPARE, len(rows) - 1), tell)
    values = products_of(rows, candidates)
    if varied is not None:
        lone = torch.from_numpy(~varied)
        values[lone[:, None] | lone[candidates]] = torch.nan
    order = values.abs().nan_to_num(nan=-1).topk(n, dim=1).indices
    return Relatives(candidates.gather(1, order).numpy(), values.gather(1, order).numpy())


def products_of(
    rows: Float[Tensor, "unit width"], units: Int64[Tensor, "unit n"]
) -> Float[Tensor, "unit n"]:
    """Every row's scalar product with the rows named beside it, in float32."""
    found = torch.empty(units.shape)
    for row, (others, values) in enumerate(zip(units, found, strict=True)):
        torch.mv(rows[others], rows[row], out=values)
    return found


def recall(
    rows: Float[Tensor, "unit width"], found: Relatives, sample: Int64[Tensor, " drawn"]
) -> float:
    """The share of the truly most alike that was found, over a sample of units that all have as
    many relatives as were asked for.

    The truth is that of `rows`: it says what the coarse comparison lost, and nothing of columns
    that were left out of it."""
    n = found.units.shape[1]
    magnitudes = (rows[sample] @ rows.T).abs()
    magnitudes[torch.arange(len(sample)), sample] = -1
    # Equals are as good as each other: what counts is to be no less alike than the n-th.
    least = magnitudes.topk(n, dim=1).values[:, -1:]
    reached = torch.from_numpy(np.abs(found.values))[sample] >= least - 1e-5
    return reached.float().mean().item()


def chance(
    rows: Float[Tensor, "unit width"], drawn: Float[Tensor, "drawn width"], *, n_others: int
) -> Chance:
    """`drawn` are rows of length 1 that have nothing to do with any unit."""
    best = torch.cat([(some @ rows.T).abs().amax(1) for some in torch.split(drawn, BLOCK)])
    median, high = torch.quantile(best, torch.tensor([0.5, 0.95])).tolist()
    return Chance(n_others, len(drawn), median, high)


def shuffled(
    rows: Float[Tensor, "drawn token"], generator: torch.Generator
) -> Float[Tensor, "drawn token"]:
    """The rows with their tokens in random order, each in another."""
    order = torch.rand(rows.shape, generator=generator).argsort(1)
    return rows.gather(1, order)


def random_directions(n: int, width: int, generator: torch.Generator) -> Float[Tensor, "n width"]:
    return directions(torch.randn(n, width, generator=generator))


def _candidates(rows: Float[Tensor, "unit width"], n: int, tell: Tell) -> Int64[Tensor, "unit n"]:
    """By magnitude of the scalar product, each row's n nearest other rows.

    A strip of products is the pairs of a block of rows with itself and all later rows: read along
    rows it serves the block, along columns the later rows, so that every pair is computed once.
    """
    n_rows = len(rows)
    best = torch.full((n_rows, n), -1.0)
    units = torch.zeros(n_rows, n, dtype=torch.int64)

    def offer(span: slice, values: Tensor, places: Tensor) -> None:
        joined = torch.cat([best[span], values], 1)
        kept = joined.topk(n, dim=1)
        best[span] = kept.values
        units[span] = torch.cat([units[span], places], 1).gather(1, kept.indices)

    step = max(1, min(BLOCK, MOST_PRODUCTS // n_rows))
    for start in range(0, n_rows, step):
        stop = min(start + step, n_rows)
        strip = (rows[start:stop] @ rows[start:].T).float().abs_()
        strip.fill_diagonal_(-1)
        values, places = largest(strip, min(n, strip.shape[1]))
        offer(slice(start, stop), values, places + start)
        for low in range(stop, n_rows, BLOCK):
            later = strip[:, low - start : low - start + BLOCK].T.contiguous()
            top = later.topk(min(n, later.shape[1]), dim=1)
            offer(slice(low, low + BLOCK), top.values, top.indices + start)
        tell(stop, n_rows)
    return units
