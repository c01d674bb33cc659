"""Search by meaning: sentence embeddings of explanations, and which are nearest to a question's.

Vectors lie in the store as float16. The first question reads them all into memory, later ones what
was written since; `codes` compares them there, because reading some hundred vectors from as many
places of a large store takes longer than comparing with all.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    Connection,
    Engine,
    Integer,
    any_,
    bindparam,
    delete,
    exists,
    func,
    select,
)
from sqlalchemy.orm import Session

from app.store.fetching import fetch
from app.store.packing import pack, unpack
from app.store.search.codes import Codes
from app.store.tables import Base, ExplanationTable, ExplanationVectorTable
from app.store.writing import insert_rows

HALF: Final = 2
"""Bytes of a number of float16."""
LEAST_COSINE: Final = 0.3
AT_ONCE: Final = 20_000
EXACT: Final = 64
"""The nearest, whose own cosines are given and decide their order."""
ROUNDS: Final = 4
"""In which what is gone from the store is left out, and the next nearest are looked for."""

Vectors = ExplanationVectorTable
OF_LENGTH = func.length(Vectors.vector) == bindparam("n_bytes")
"""Of the embedding that the question is made with: vectors of another length are of another."""
WRITERS: Final = 7_226_014_511
"""The number of the lock under which vectors are written on PostgreSQL."""
WRITTEN_SINCE = (
    select(Vectors.id, Vectors.explanation_id, Vectors.site_id, Vectors.vector)
    .where(Vectors.id > bindparam("after"), OF_LENGTH)
    .order_by(Vectors.id)
    .limit(AT_ONCE)
)
STILL_THERE = select(Vectors.explanation_id).where(
    Vectors.explanation_id.in_(bindparam("ids", expanding=True)), OF_LENGTH
)
STILL_THERE_OF_ARRAY = select(Vectors.explanation_id).where(
    Vectors.explanation_id == any_(bindparam("ids", type_=ARRAY(Integer))), OF_LENGTH
)
"""One value instead of hundreds, on PostgreSQL."""
VECTORS = select(Vectors.explanation_id, Vectors.vector).where(
    Vectors.explanation_id.in_(bindparam("ids", expanding=True)), OF_LENGTH
)


@dataclass(frozen=True)
class Near:
    explanation_id: int
    cosine: float


def nearest(
    session: Session,
    vector: NDArray[np.float32],
    *,
    n: int,
    site_ids: Collection[int] | None = None,
    least_cosine: float = LEAST_COSINE,
) -> list[Near]:
    """At most `n` explanations whose text means something alike, the nearest first; those of
    `site_ids` only. `vector` has unit length."""
    n_bytes = HALF * len(vector)
    kept = _kept_for(session.get_bind().engine, n_bytes)
    kept.read_on(session)
    sqlite = session.get_bind().dialect.name == "sqlite"
    found: list[Near] = []
    for _ in range(ROUNDS):
        ids, cosines = kept.codes.nearest(vector.astype(np.float32), max(n, EXACT), site_ids)
        found = [
            Near(number, cosine)
            for number, cosine in zip(ids, cosines, strict=True)
            if cosine >= least_cosine
        ]
        wanted = [near.explanation_id for near in found]
        if not wanted:
            return []
        rows = fetch(
            session,
            STILL_THERE if sqlite else STILL_THERE_OF_ARRAY,
            {"ids": wanted, "n_bytes": kept.n_bytes},
        )
        there = {row.explanation_id for row in rows}
        gone = [number for number in wanted if number not in there]
        if not gone:
            break
        kept.codes.forget(gone)
        found = [near for near in found if near.explanation_id in there]
    exact = _exactly(session, vector, [near.explanation_id for near in found[:EXACT]])
    return (sorted(exact, key=lambda near: -near.cosine) + found[EXACT:])[:n]


def _exactly(session: Session, vector: NDArray[np.float32], ids: list[int]) -> list[Near]:
    if not ids:
        return []
    asked = {"ids": ids, "n_bytes": HALF * len(vector)}
    rows = fetch(session, VECTORS, asked).all()
    stored = unpack(b"".join(row.vector for row in rows), np.float16, len(rows), -1)
    cosines = (stored.astype(np.float32) @ vector.astype(np.float32)).tolist()
    return [Near(row.explanation_id, cosine) for row, cosine in zip(rows, cosines, strict=True)]


def write_vectors(connection: Connection, ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
    """Of these explanations; `vectors` [n, n_dims] have unit length. Replaces what was there. What
    is not to be found any longer gets none: vectors of it would take the places of others.

    Until the transaction ends, other writers of vectors wait: ids must not appear in another order
    than they were given, because whoever keeps vectors in memory reads on from the last. On SQLite
    the transaction's own lock does this.
    """
    _lock_writers(connection)
    there = select(ExplanationTable.id, ExplanationTable.site_id).where(
        ExplanationTable.id.in_(ids), ExplanationTable.search_key.is_not(None)
    )
    # explanations before their vectors, as whoever deletes an explanation: nobody waits in a circle
    kept = there.order_by(ExplanationTable.id).with_for_update(read=True, key_share=True)
    site_of = {row.id: row.site_id for row in connection.execute(kept)}
    connection.execute(delete(Vectors).where(Vectors.explanation_id.in_(ids)))
    insert_rows(
        connection,
        Base.metadata.tables["explanation_vectors"],
        ("explanation_id", "site_id", "vector"),
        [
            (number, site_of[number], pack(vector, np.float16))
            for number, vector in zip(ids, vectors, strict=True)
            if number in site_of
        ],
    )


def forget_vectors(connection: Connection, ids: Sequence[int]) -> None:
    """Of explanations that were taken out of search in this transaction. Whoever is embedding them
    is waited for, so that it does not write them afterwards."""
    _lock_writers(connection)
    connection.execute(delete(Vectors).where(Vectors.explanation_id.in_(ids)))


def without_vector(
    connection: Connection, *, n_dims: int, after: int = 0, n: int = 1000
) -> list[tuple[int, str]]:
    """(id, text) of explanations that are to be found and have no vector of this length yet, by
    id."""
    table = ExplanationTable
    there = exists().where(Vectors.explanation_id == table.id, OF_LENGTH)
    rows = connection.execute(
        select(table.id, table.text)
        .where(
            table.id > after,
            table.search_key.is_not(None),
            table.method != "lookup",  # a list of tokens: they are found as words
            ~there,
        )
        .order_by(table.id)
        .limit(n),
        {"n_bytes": HALF * n_dims},
    )
    return [(row.id, row.text) for row in rows]


def _lock_writers(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(WRITERS)))


class _Kept:
    """The vectors of one store and one length in memory, and how far they have been read."""

    def __init__(self, n_bytes: int) -> None:
        self.n_bytes = n_bytes
        self.codes = Codes()
        self._lock = Lock()
        self._last = 0

    def read_on(self, session: Session) -> None:
        """Adds what was written since."""
        with self._lock:
            asked = {"n_bytes": self.n_bytes}
            while rows := fetch(session, WRITTEN_SINCE, {**asked, "after": self._last}).all():
                self.codes.add(
                    [row.explanation_id for row in rows],
                    [row.site_id for row in rows],
                    unpack(b"".join(row.vector for row in rows), np.float16, len(rows), -1),
                )
                self._last = rows[-1].id
                if len(rows) < AT_ONCE:
                    return


def _kept_for(engine: Engine, n_bytes: int) -> _Kept:
    with _lock:
        return _kept.setdefault((str(engine.url), n_bytes), _Kept(n_bytes))


_kept: dict[tuple[str, int], _Kept] = {}
_lock = Lock()
