"""What each neuron writes: the tokens whose logits its output vector moves most.

From weights: logits = s · w_out · Ũ, where Ũ is the unembedding with the final norm's gain folded
in, centred over the vocabulary (softmax does not see a common shift), and s is what the final norm
multiplies by at a typical token (its scale depends on the input; the caller measures it, and s is
held fixed). How unusual a logit is says its z-score against random directions of the same length:
for r uniform on the sphere in d dimensions r·ũ has mean 0 and standard deviation ‖r‖‖ũ‖/√d, so
z = √d · cos(w_out, ũ), exactly, whatever s is. Of very many tokens some are large by chance:
`largest_by_chance` says how large.

The direct path only: what later layers make of the vector is not seen.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt32
from numpy import ndarray
from torch import Tensor

from analysis.weights.selecting import largest

BLOCK = 256


@dataclass(frozen=True)
class OutputSides:
    """Of every neuron of a site four times n tokens: the most promoted and the most suppressed by
    logit, then the most promoted and the most suppressed by z-score."""

    norms: Float32[ndarray, " unit"]
    tokens: UInt32[ndarray, "unit four_n"]
    logits: Float32[ndarray, "unit four_n"]
    """Centred logits per unit of activation, at the scale given."""
    z_scores: Float32[ndarray, "unit four_n"]


@dataclass(frozen=True)
class Readout:
    """An unembedding made ready: centred over the vocabulary, with the length of every column."""

    centred: Float[Tensor, "d_model vocab"]
    per_length: Float[Tensor, " vocab"]
    """√d over the length of every column; 0 for columns of zeros."""

    @classmethod
    def of(cls, unembedding: Float[Tensor, "d_model vocab"]) -> "Readout":
        centred = unembedding.float() - unembedding.float().mean(1, keepdim=True)
        lengths = torch.linalg.vector_norm(centred, dim=0)
        width = centred.shape[0] ** 0.5
        return cls(centred, torch.where(lengths > 0, width / lengths, 0.0))


@dataclass(frozen=True)
class Chance:
    """The largest z-score of all tokens, for random directions."""

    n_tokens: int
    n_drawn: int
    median: float
    high: float
    """95 % of random directions stay below."""
    independent: float
    """The median if tokens were independent of each other: their normal order statistic."""


def output_sides(
    vectors: Float[Tensor, "unit d_model"], readout: Readout, *, n_tokens: int, scale: float
) -> OutputSides:
    """The output side of every row of W_out; z-scores of zero vectors and columns are 0."""
    n = min(n_tokens, readout.centred.shape[1])
    blocks = [_block(rows, readout, n, scale) for rows in torch.split(vectors.float(), BLOCK)]
    norms, tokens, logits, z_scores = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return OutputSides(norms, tokens.astype(np.uint32), logits, z_scores)


def largest_by_chance(readout: Readout, *, n_drawn: int, generator: torch.Generator) -> Chance:
    """Random directions are drawn and compared with every token."""
    d_model, n_tokens = readout.centred.shape
    drawn = torch.nn.functional.normalize(torch.randn(n_drawn, d_model, generator=generator))
    highest = [
        (rows @ readout.centred).mul_(readout.per_length).amax(1)
        for rows in torch.split(drawn, BLOCK)
    ]
    median, high = torch.quantile(torch.cat(highest), torch.tensor([0.5, 0.95])).tolist()
    independent = NormalDist().inv_cdf(0.5 ** (1 / n_tokens))
    return Chance(n_tokens, n_drawn, median, high, independent)


def _block(
    rows: Float[Tensor, "unit d_model"], readout: Readout, n: int, scale: float
) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    norms = torch.linalg.vector_norm(rows, dim=1)
    logits = rows @ readout.centred
    weighted = logits * readout.per_length  # z-scores, but for the length of each row
    tokens = torch.cat([_extremes(logits, n), _extremes(weighted, n)], 1)
    z_scores = weighted.gather(1, tokens) / norms[:, None]
    return (
        norms.numpy(),
        tokens.numpy(),
        (scale * logits.gather(1, tokens)).numpy(),
        torch.where(norms[:, None] > 0, z_scores, 0.0).numpy(),
    )


def _extremes(values: Float[Tensor, "unit vocab"], n: int) -> Tensor:
    """Where the n highest stand, falling, then the n lowest, rising."""
    highest = largest(values, n)[1]
    lowest = largest(values.neg_(), n)[1]
    values.neg_()
    return torch.cat([highest, lowest], 1)
