"""Gives explanations the sentence embeddings that search by meaning needs, where they have none of
the length that the installed model makes.

Called at the end of an explain job, chunk by chunk, each in its own transaction: what was written
stays when the worker is stopped, and the next call goes on from there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from analysis.embedding.claims import embed_claims
from analysis.embedding.encoder import load_encoder
from analysis.embedding.finding import find_model
from app.store.engine import begin, open_session
from app.store.search.vectors import without_vector, write_vectors

CHUNK: Final = 256


def embed_explanations(
    engine: Engine,
    *,
    folder: Path | None = None,
    go_on: Callable[[int], bool] = lambda _: True,
) -> int | None:
    """How many were embedded; None where no embedding model is installed.

    `go_on` is told how many are done and says whether to do more.
    """
    model = find_model(folder)
    if model is None:
        return None
    encoder = load_encoder(model)
    done = last = 0
    while go_on(done):
        with open_session(engine) as session:
            some = without_vector(session.connection(), n_dims=encoder.n_dims, after=last, n=CHUNK)
        if not some:
            return done
        ids = [number for number, _ in some]
        vectors = embed_claims(encoder, [text for _, text in some])
        with begin(engine) as connection:
            write_vectors(connection, ids, vectors)
        done, last = done + len(some), ids[-1]
    return done
