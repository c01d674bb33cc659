"""What each neuron writes: the tokens whose logits its output vector moves most.

From weights alone: logits = w_out · Ũ, where Ũ is the unembedding with the final norm's gain folded
in, centred over the vocabulary (softmax does not see a common shift). The norm's scale depends on
the input and is left out, so logits are comparable between tokens, not between models. How unusual
a logit is says its z-score against random directions of the same length: for r uniform on the
sphere in d dimensions r·ũ has mean 0 and standard deviation ‖r‖‖ũ‖/√d, so z = √d · cos(w_out, ũ),
exactly.

The direct path only: what later layers make of the vector is not seen.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt32
from numpy import ndarray
from torch import Tensor

from analysis.weights.selecting import largest

BLOCK = 256


@dataclass(frozen=True)
class OutputSides:
    """Of every neuron of a site: the n most promoted tokens, then the n most suppressed."""

    norms: Float32[ndarray, " unit"]
    tokens: UInt32[ndarray, "unit two_n"]
    logits: Float32[ndarray, "unit two_n"]
    """Centred logits per unit of activation."""
    z_scores: Float32[ndarray, "unit two_n"]


@dataclass(frozen=True)
class Readout:
    """An unembedding made ready: centred over the vocabulary, with the length of every column."""

    centred: Float[Tensor, "d_model vocab"]
    lengths: Float[Tensor, " vocab"]

    @classmethod
    def of(cls, unembedding: Float[Tensor, "d_model vocab"]) -> "Readout":
        centred = unembedding.float() - unembedding.float().mean(1, keepdim=True)
        return cls(centred, torch.linalg.vector_norm(centred, dim=0))


def output_sides(
    vectors: Float[Tensor, "unit d_model"], readout: Readout, *, n_tokens: int
) -> OutputSides:
    """The output side of every row of W_out; z-scores of zero vectors and columns are 0."""
    n = min(n_tokens, readout.centred.shape[1])
    blocks = [_block(rows, readout, n) for rows in torch.split(vectors.float(), BLOCK)]
    norms, tokens, logits, z_scores = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return OutputSides(norms, tokens.astype(np.uint32), logits, z_scores)


def _block(
    rows: Float[Tensor, "unit d_model"], readout: Readout, n: int
) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    norms = torch.linalg.vector_norm(rows, dim=1)
    logits = rows @ readout.centred
    high, promoted = largest(logits, n)
    low, suppressed = largest(logits.neg_(), n)
    tokens = torch.cat([promoted, suppressed], 1)
    values = torch.cat([high, -low], 1)
    scale = norms[:, None] * readout.lengths[tokens] / rows.shape[1] ** 0.5
    z_scores = torch.where(scale > 0, values / scale, 0.0)
    return norms.numpy(), tokens.numpy(), values.numpy(), z_scores.numpy()
