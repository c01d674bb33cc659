"""Writes what an explain or score run found, many units at a time, and puts it in the search index.

A worker gives all that one method found for a chunk of units of one site, and it replaces what the
same run had stored for them: doing it twice leaves the same rows under the same ids, which makes
resuming harmless. What a person did meanwhile to an explanation (replaced or withdrew it) stays
done, and what it was done to stays there. Scores are of this run; those that other runs gave to an
explanation stay while its text and program are the same.

    with engine_module.begin(engine) as connection:
        write_explanations(connection, model_id=1, site_id=7, run_id=5, sweep_id=3,
                           method="rules", units=range(64), rows=[ExplanationRow(...), ...])
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, bindparam, delete, select, update

from app.store.numbering import new_ids
from app.store.packing import pack
from app.store.search import index
from app.store.search.keys import explanation_key
from app.store.search.words import joined, words_of, words_of_program
from app.store.tables import (
    Base,
    CausalScoreTable,
    ExplanationTable,
    ExplanationVectorTable,
    PredictionTable,
    ScoreSummaryTable,
    ScoreTable,
    TokenSpaceTable,
)
from app.store.views.score import IMPORTED
from app.store.writing import insert_rows

EXPLANATIONS: Final = Base.metadata.tables["explanations"]
SCORES: Final = Base.metadata.tables["scores"]
SETTLED: Final = ("replaced", "withdrawn")
"""What a person decided; writing again does not change it."""
WITHDRAWN: Final = "withdrawn_"
"""So begin the names of the details that say who withdrew it, and why."""
BATCH: Final = 500


class ScoreRow(NamedTuple):
    """One split, one judge; `values` is `packing.pack_scores` of all metrics."""

    split: str
    judge: str
    status: str
    reason: str | None
    n_windows: int
    n_documents: int
    n_positions: int
    n_failed: int
    r: float | None
    p: float | None
    values: bytes


class ExplanationRow(NamedTuple):
    unit_index: int
    author: str
    status: str
    """current or failed"""
    text: str
    program: str | None
    bits: float | None
    n_rules: int | None
    n_listed: int | None
    details: Mapping[str, Any]
    scores: Sequence[ScoreRow] = ()


class SummaryRow(NamedTuple):
    """One site, one split, one method of `ScoreSummaryTable`."""

    site_id: int
    method: str
    split: str
    n_units: int
    n_scored: int
    n_undefined: int
    n_failed: int
    n_better: int
    mean_r: float | None
    quantiles: bytes
    points: bytes


WRITTEN: Final = (
    "id", "model_id", "site_id", "unit_index", "sweep_id", "run_id", "method", "author", "status",
    "origin_id", "version", "bits", "n_rules", "n_listed", "created_at", "search_key", "text",
    "details", "program",
)  # fmt: skip
SCORED: Final = ("explanation_id", "run_id", *ScoreRow._fields)


def write_explanations(
    connection: Connection,
    *,
    model_id: int,
    site_id: int,
    run_id: int,
    sweep_id: int | None,
    method: str,
    units: Iterable[int],
    rows: Sequence[ExplanationRow],
    at: datetime | None = None,
) -> list[int]:
    """The ids, in the order of the rows. Replaces what the run had stored for these units by this
    method; `units` may name some for which nothing was found."""
    found = _stored(connection, run_id, site_id, method, sorted({*units}))
    ids: list[int | None] = []
    kept: dict[int, Row[*tuple[Any, ...]]] = {}
    for row in rows:
        before = found[row.unit_index].pop(0) if found[row.unit_index] else None
        ids.append(None if before is None else before.id)
        if before is not None:
            kept[before.id] = before
    gone = [row for left in found.values() for row in left if row.status not in SETTLED]
    _forget(connection, gone, list(kept.values()), run_id, rows, ids)
    fresh = iter(new_ids(connection, EXPLANATIONS.name, ids.count(None)))
    numbers = [next(fresh) if number is None else number for number in ids]
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    values, entries, scores = [], [], []
    for number, row in zip(numbers, rows, strict=True):
        status, details = row.status, dict(row.details)
        if number in kept and kept[number].status in SETTLED:
            status, known = kept[number].status, kept[number].details
            details |= {name: known[name] for name in known if name.startswith(WITHDRAWN)}
        key = explanation_key(number, headline(row.scores)) if status == "current" else None
        values.append((
            number, model_id, site_id, row.unit_index, sweep_id, run_id, method, row.author,
            status, None, 1, row.bits, row.n_rules, row.n_listed,
            stored_moment(connection, kept[number].created_at if number in kept else moment), key,
            storable(row.text), json.dumps(details, sort_keys=True, allow_nan=False),
            None if row.program is None else storable(row.program),
        ))  # fmt: skip
        scores += [(number, run_id, *score) for score in row.scores]
        if key is not None:
            entries.append(entry(key, model_id, site_id, method, row.text, row.program))
    _insert(connection, values, set(kept))
    insert_rows(connection, SCORES, SCORED, scores)
    index.put(connection, index.EXPLANATIONS, entries)
    return numbers


def write_scores(
    connection: Connection, *, run_id: int | None, scores: Mapping[int, Sequence[ScoreRow]]
) -> None:
    """Scores of explanations that are there, by id; each replaces the one of the same split and
    judge. Where r on the test split changes, so does the place in search."""
    ids = sorted(scores)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        given = {(number, s.split, s.judge) for number in some for s in scores[number]}
        query = select(ScoreTable.id, ScoreTable.explanation_id, ScoreTable.split, ScoreTable.judge)
        old = [
            row.id
            for row in connection.execute(query.where(ScoreTable.explanation_id.in_(some)))
            if (row.explanation_id, row.split, row.judge) in given
        ]
        connection.execute(delete(ScoreTable).where(ScoreTable.id.in_(old)))
        insert_rows(
            connection, SCORES, SCORED, [(n, run_id, *score) for n in some for score in scores[n]]
        )
        place_in_search(connection, some)


def place_in_sweep(
    connection: Connection, *, explanation_id: int, sweep_id: int, details: Mapping[str, Any]
) -> None:
    """Says that an explanation was tested on text of this sweep, so that what is shown beside its
    scores is of the same text; `details` replace those of the same names, null takes one out."""
    here = ExplanationTable.id == explanation_id
    query = select(ExplanationTable.details).where(here).with_for_update(key_share=True)
    known = connection.execute(query).scalar_one()
    # only what is named goes: a null that a file brought along is kept as it is
    out = {name for name, value in details.items() if value is None}
    kept = {name: value for name, value in {**known, **details}.items() if name not in out}
    connection.execute(update(ExplanationTable).where(here).values(sweep_id=sweep_id, details=kept))


def place_in_search(connection: Connection, ids: Sequence[int]) -> None:
    """Puts these explanations where their status and scores say: current ones at the place of their
    r, others out of the index. They are locked: what is being withdrawn is waited for."""
    query = select(
        ExplanationTable.id, ExplanationTable.model_id, ExplanationTable.site_id,
        ExplanationTable.method, ExplanationTable.status, ExplanationTable.search_key,
        ExplanationTable.text, ExplanationTable.program,
    ).where(ExplanationTable.id.in_(ids)).order_by(ExplanationTable.id)  # fmt: skip
    rows = connection.execute(query.with_for_update(key_share=True)).all()
    best: dict[int, list[tuple[bool, float]]] = defaultdict(list)
    tested = select(ScoreTable.explanation_id, ScoreTable.judge, ScoreTable.r).where(
        ScoreTable.explanation_id.in_(ids), ScoreTable.split == "test", ScoreTable.r.is_not(None),
        ScoreTable.judge.not_like(f"{IMPORTED}%"),
    )  # fmt: skip
    for score in connection.execute(tested):
        best[score.explanation_id].append((score.judge == "program", score.r))
    moved, gone, entries = [], [], []
    for row in rows:
        r = max(best[row.id])[1] if best[row.id] else None
        key = explanation_key(row.id, r) if row.status == "current" else None
        if key == row.search_key:
            continue
        moved.append({"of_id": row.id, "key": key})
        if row.search_key is not None:
            gone.append(row.search_key)
        if key is not None:
            entries.append(entry(key, row.model_id, row.site_id, row.method, row.text, row.program))
    index.take_out(connection, index.EXPLANATIONS, gone)
    if moved:
        statement = update(ExplanationTable).where(ExplanationTable.id == bindparam("of_id"))
        connection.execute(statement.values(search_key=bindparam("key")), moved)
    index.put(connection, index.EXPLANATIONS, entries)


def write_score_summaries(
    connection: Connection, *, run_id: int, rows: Sequence[SummaryRow]
) -> None:
    """Replaces the run's summaries of the same site, method and split."""
    table = ScoreSummaryTable
    for row in rows:
        connection.execute(
            delete(table).where(
                table.run_id == run_id, table.site_id == row.site_id,
                table.method == row.method, table.split == row.split,
            )
        )  # fmt: skip
    insert_rows(
        connection,
        Base.metadata.tables["score_summaries"],
        ("run_id", *SummaryRow._fields),
        [(run_id, *row) for row in rows],
    )


def write_token_space(
    connection: Connection, *, model_id: int, method: str, vectors: NDArray[np.int8]
) -> None:
    """`vectors` [vocab, n_dims] as int8: unit length times 127. Replaces what was there."""
    connection.execute(delete(TokenSpaceTable).where(TokenSpaceTable.model_id == model_id))
    insert_rows(
        connection,
        Base.metadata.tables["token_spaces"],
        ("model_id", "n_dims", "method", "vectors"),
        [(model_id, int(vectors.shape[1]), method, pack(vectors, np.int8))],
    )


def entry(
    key: int, model_id: int, site_id: int, method: str, text: str, program: str | None
) -> index.Entry:
    """The row of the index for one explanation. Of a lookup only its words: it lists thousands."""
    listed = "" if program is None or method == "lookup" else program
    return index.Entry(
        key,
        (joined(words_of(text)), joined(words_of_program(listed))),
        (index.facet_of_model(model_id), index.facet_of_site(site_id), method),
    )


def headline(scores: Iterable[ScoreRow]) -> float | None:
    """r on the test split, by the program where it was judged so."""
    tested = [(s.judge == "program", s.r) for s in scores if s.split == "test" and s.r is not None]
    return max(tested)[1] if tested else None


def storable(text: str) -> str:
    """Without what neither database holds: NUL and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _stored(
    connection: Connection, run_id: int, site_id: int, method: str, units: list[int]
) -> dict[int, list[Row[*tuple[Any, ...]]]]:
    """What the run has of these units by this method, each unit's in order of ids; locked, so that
    nobody settles one between here and where its status is written."""
    table = ExplanationTable
    columns = (
        table.id, table.unit_index, table.status, table.search_key, table.created_at, table.text,
        table.program, table.details,
    )  # fmt: skip
    found: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for start in range(0, len(units), BATCH):
        query = select(*columns).where(
            table.site_id == site_id, table.unit_index.in_(units[start : start + BATCH]),
            table.run_id == run_id, table.method == method, table.version == 1,
        )  # fmt: skip
        for row in connection.execute(query.order_by(table.id).with_for_update(key_share=True)):
            found[row.unit_index].append(row)
    return found


def _forget(
    connection: Connection,
    gone: Sequence[Row[*tuple[Any, ...]]],
    kept: Sequence[Row[*tuple[Any, ...]]],
    run_id: int,
    rows: Sequence[ExplanationRow],
    ids: Sequence[int | None],
) -> None:
    """Takes out what is replaced: rows without a successor, scores, vectors of other texts."""
    for part in _parts([row.id for row in gone]):
        connection.execute(delete(ExplanationTable).where(ExplanationTable.id.in_(part)))
    keys = [row.search_key for row in kept if row.search_key is not None]
    index.take_out(connection, index.EXPLANATIONS, keys)
    now = {number: row for number, row in zip(ids, rows, strict=True) if number is not None}
    other = [r.id for r in kept if (now[r.id].text, now[r.id].program) != (r.text, r.program)]
    for part in _parts(other):
        for table in (ScoreTable, ExplanationVectorTable, CausalScoreTable, PredictionTable):
            connection.execute(delete(table).where(table.explanation_id.in_(part)))
    for part in _parts([row.id for row in kept]):
        mine = ScoreTable.run_id == run_id
        connection.execute(delete(ScoreTable).where(ScoreTable.explanation_id.in_(part), mine))


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _insert(connection: Connection, values: list[tuple[Any, ...]], kept: set[int]) -> None:
    insert_rows(connection, EXPLANATIONS, WRITTEN, [row for row in values if row[0] not in kept])
    changed = [row for row in values if row[0] in kept]
    if not changed:
        return
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    columns = ", ".join(f"{name} = {mark}" for name in WRITTEN[1:])
    connection.exec_driver_sql(
        f"UPDATE explanations SET {columns} WHERE id = {mark}",  # noqa: S608 - our own names
        [(*row[1:], row[0]) for row in changed],
    )


def stored_moment(connection: Connection, at: datetime) -> Any:  # noqa: ANN401 - as the driver takes it
    """SQLite keeps moments as SQLAlchemy writes them: text, without a zone."""
    if connection.dialect.name == "postgresql":
        return at
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
