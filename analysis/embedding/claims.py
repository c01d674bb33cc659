"""The sentence embedding of what is said of a unit, the same whoever asks for it."""

from collections.abc import Sequence
from typing import Final

from jaxtyping import Float32
from numpy import ndarray

from analysis.embedding.encoder import Encoder

MOST_CHARACTERS: Final = 240
"""Of a text that its meaning is taken from: its strongest rules stand first, and the time grows
with the length."""


def embed_claims(encoder: Encoder, texts: Sequence[str]) -> Float32[ndarray, "text d_model"]:
    """Of unit length, in the order of the texts."""
    return encoder.encode([text.strip()[:MOST_CHARACTERS] for text in texts])
