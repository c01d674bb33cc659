"""Search by meaning: sentence embeddings of explanations, and which are nearest to a question's.

Every vector has a sketch, the signs of its numbers as bits. All sketches are kept in memory (48
bytes each of 384 numbers) and compared by how many bits differ, which for a million takes some
hundredths of a second; of the nearest 256 the vectors themselves are read, and their cosines
decide. Signs of random projections keep angles (Charikar 2002); here the axes are those of the
embedding itself, so that a neighbour may be missed that the cosine of all vectors would find.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

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
    select,
)
from sqlalchemy.orm import Session

from app.store.packing import pack, unpack
from app.store.tables import Base, ExplanationTable, ExplanationVectorTable
from app.store.writing import insert_rows

RANKED: Final = 256
"""Whose vectors are compared exactly."""
LEAST_COSINE: Final = 0.3
WORD: Final = 64
AT_ONCE: Final = 50_000
BLOCK: Final = 16_384
SAMPLED: Final = 65_536
FAR: Final = np.uint16(np.iinfo(np.uint16).max)

Vectors = ExplanationVectorTable
SKETCHES = (
    select(Vectors.id, Vectors.explanation_id, Vectors.site_id, Vectors.sketch)
    .where(Vectors.id > bindparam("after"))
    .order_by(Vectors.id)
    .limit(AT_ONCE)
)
EXACT = select(Vectors.explanation_id, Vectors.vector).where(
    Vectors.explanation_id.in_(bindparam("ids", expanding=True))
)
EXACT_OF_ARRAY = select(Vectors.explanation_id, Vectors.vector).where(
    Vectors.explanation_id == any_(bindparam("ids", type_=ARRAY(Integer)))
)
"""One value instead of hundreds, on PostgreSQL."""


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
) -> list[Near]:
    """At most `n` explanations whose text means something alike, the nearest first; those of
    `site_ids` only. `vector` has unit length."""
    kept = _kept_for(session.get_bind().engine)
    kept.read_on(session)
    ids = kept.candidates(sketch_of(vector), site_ids)
    if not len(ids):
        return []
    sqlite = session.get_bind().dialect.name == "sqlite"
    numbers = ids.tolist()
    rows = session.execute(EXACT if sqlite else EXACT_OF_ARRAY, {"ids": numbers}).all()
    if not rows:
        return []
    stored = unpack(b"".join(row.vector for row in rows), np.float16, len(rows), -1)
    cosines = stored.astype(np.float32) @ vector.astype(np.float32)
    order = np.argsort(-cosines, kind="stable")[:n]
    found = [Near(rows[at].explanation_id, float(cosines[at])) for at in order.tolist()]
    return [near for near in found if near.cosine >= LEAST_COSINE]


def write_vectors(connection: Connection, ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
    """Of these explanations; `vectors` [n, n_dims] have unit length. Replaces what was there."""
    connection.execute(delete(Vectors).where(Vectors.explanation_id.in_(ids)))
    sites = select(ExplanationTable.id, ExplanationTable.site_id).where(
        ExplanationTable.id.in_(ids)
    )
    site_of = {row.id: row.site_id for row in connection.execute(sites)}
    insert_rows(
        connection,
        Base.metadata.tables["explanation_vectors"],
        ("explanation_id", "site_id", "sketch", "vector"),
        [
            (number, site_of[number], pack(sketch_of(vector), np.uint64), pack(vector, np.float16))
            for number, vector in zip(ids, vectors, strict=True)
            if number in site_of
        ],
    )


def without_vector(
    connection: Connection, *, after: int = 0, n: int = 1000
) -> list[tuple[int, str]]:
    """(id, text) of explanations that are to be found and have no vector yet, by id."""
    table = ExplanationTable
    rows = connection.execute(
        select(table.id, table.text)
        .where(
            table.id > after,
            table.search_key.is_not(None),
            table.method != "lookup",  # a list of tokens: they are found as words
            ~exists().where(Vectors.explanation_id == table.id),
        )
        .order_by(table.id)
        .limit(n)
    )
    return [(row.id, row.text) for row in rows]


def sketch_of(vector: NDArray[np.float32]) -> NDArray[np.uint64]:
    """[n_dims / 64]"""
    bits = np.packbits(vector > 0, bitorder="little")
    return np.frombuffer(np.pad(bits, (0, -len(bits) % 8)).tobytes(), dtype="<u8")


class _Sketches:
    """All sketches of one store that this process has seen."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0
        self._n = 0
        self._ids = np.zeros(0, np.int32)
        self._sites = np.zeros(0, np.int32)
        self._bits = np.zeros((0, 0), np.uint64)
        """[word, explanation]: a word of all sketches lies together."""

    def read_on(self, session: Session) -> None:
        """Adds what was written since."""
        with self._lock:
            while rows := session.execute(SKETCHES, {"after": self._last}).all():
                self._add(rows)
                if len(rows) < AT_ONCE:
                    return

    def candidates(
        self, sketch: NDArray[np.uint64], site_ids: Collection[int] | None
    ) -> NDArray[np.int32]:
        """Ids of those that differ in the fewest bits."""
        with self._lock:
            n, ids, sites, bits = self._n, self._ids, self._sites, self._bits
        if not n or len(sketch) != len(bits):
            return ids[:0]
        apart = _bits_apart(bits[:, :n], sketch)
        if site_ids is not None:
            wanted = np.zeros(int(sites[:n].max()) + 1, np.bool_)
            wanted[[site for site in site_ids if site < len(wanted)]] = True
            apart[~wanted[sites[:n]]] = FAR
        near = np.flatnonzero(apart <= _reach(apart, WORD * len(sketch)))
        if len(near) > RANKED:
            near = near[np.argsort(apart[near], kind="stable")[:RANKED]]
        return ids[near]

    def _add(self, rows: Sequence[Any]) -> None:
        new = np.frombuffer(b"".join(row.sketch for row in rows), dtype="<u8")
        new = new.reshape(len(rows), -1).T
        end = self._n + len(rows)
        if end > len(self._ids) or len(self._bits) != len(new):
            self._grow(len(new), max(end, 3 * end // 2 if self._n else end))
        self._ids[self._n : end] = [row.explanation_id for row in rows]
        self._sites[self._n : end] = [row.site_id for row in rows]
        self._bits[:, self._n : end] = new
        self._n, self._last = end, rows[-1].id

    def _grow(self, words: int, size: int) -> None:
        """New arrays: whoever is comparing keeps the old ones."""
        ids, sites, bits = self._ids, self._sites, self._bits
        self._ids, self._sites = np.zeros(size, np.int32), np.zeros(size, np.int32)
        self._bits = np.zeros((words, size), np.uint64)
        self._ids[: self._n], self._sites[: self._n] = ids[: self._n], sites[: self._n]
        if len(bits) == words:
            self._bits[:, : self._n] = bits[:, : self._n]
        else:
            self._n = 0


def _bits_apart(bits: NDArray[np.uint64], sketch: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """In how many bits each differs; in blocks that stay in the processor's cache."""
    n = bits.shape[1]
    apart = np.zeros(n, np.uint16)
    for start in range(0, n, BLOCK):
        block = slice(start, min(start + BLOCK, n))
        for word, some in zip(sketch, bits, strict=True):
            apart[block] += np.bitwise_count(some[block] ^ word)
    return apart


def _reach(apart: NDArray[np.uint16], most: int) -> int:
    """A number of bits within which at least `RANKED` lie, where so many are; not many more."""
    step = max(1, len(apart) // SAMPLED)
    for every, wanted in ((step, 2 * RANKED / step + 16), (1, RANKED)):
        counts = np.bincount(np.minimum(apart[::every], most + 1), minlength=most + 2)
        reach = int(np.searchsorted(np.cumsum(counts[: most + 1]), wanted))
        if every == 1 or np.count_nonzero(apart <= min(reach, most)) >= RANKED:
            break
    return min(reach, most)


def _kept_for(engine: Engine) -> _Sketches:
    with _lock:
        return _kept.setdefault(str(engine.url), _Sketches())


_kept: dict[str, _Sketches] = {}
_lock = Lock()
