"""Sentence embeddings of questions and claims, where the optional part `semantic` is installed."""

from functools import cache

import numpy as np
import structlog
from numpy.typing import NDArray

from analysis.embedding.claims import embed_claims
from analysis.embedding.encoder import Encoder, load_encoder
from analysis.embedding.errors import EmbeddingError
from analysis.embedding.finding import find_model

log = structlog.get_logger("patchclamp.web")


def embed(text: str) -> NDArray[np.float32] | None:
    """float32 [n_dims] of unit length; None: search is by words alone."""
    encoder = get_encoder()
    return None if encoder is None else encoder.encode([text])[0]


def embed_claim(text: str) -> NDArray[np.float32] | None:
    """The same for what a person says of a unit: of its beginning, as a worker embeds it."""
    encoder = get_encoder()
    return None if encoder is None else embed_claims(encoder, [text])[0]


@cache
def get_encoder() -> Encoder | None:
    """Loaded once, when the first question is asked."""
    folder = find_model()
    if folder is None:
        return None
    try:
        return load_encoder(folder)
    except EmbeddingError as error:
        log.warning("embedding.unusable", reason=error.detail, hint=error.hint)
        return None
