"""Writes explanations that were made elsewhere, together with how far their file was read.

Both are in one transaction: an import that is cut goes on where it stopped, and nothing is there
twice. What such a file says of itself is not trusted: its scores keep a judge that begins with
`import:`, which neither search nor any ranking counts.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, select

from app.store.numbering import new_ids
from app.store.portable import ExplanationRecord, Receiver
from app.store.search import index
from app.store.search.keys import explanation_key
from app.store.tables import Base, ExplanationTable, ImportedFileTable, ModelTable
from app.store.views.score import IMPORTED
from app.store.writing import insert_rows
from app.store.writing_explanations import (
    EXPLANATIONS,
    SCORED,
    SCORES,
    WRITTEN,
    ScoreRow,
    entry,
    storable,
    stored_moment,
)

UNITS_AT_ONCE: Final = 400
Key = tuple[str, int, str, str, str | None]
"""Site, unit, author, text, program: what makes two explanations the same."""


class FilePosition(NamedTuple):
    """How far a file was read, in rows, and the digest of what was read of it until there."""

    position: int
    digest: str
    n_imported: int
    n_duplicates: int


def key_of(record: ExplanationRecord) -> Key:
    program = None if record.program is None else storable(record.program)
    return record.site, record.index, storable(record.author), storable(record.text), program


def position_of(
    connection: Connection, *, model_id: int, form: str, name: str
) -> FilePosition | None:
    table = ImportedFileTable
    query = select(table.position, table.digest, table.n_imported, table.n_duplicates).where(
        table.model_id == model_id, table.format == form, table.name == storable(name)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else FilePosition(*row)


def keep_position(
    connection: Connection, *, model_id: int, form: str, name: str, position: FilePosition
) -> None:
    table = ImportedFileTable
    name = storable(name)
    connection.execute(
        delete(table).where(table.model_id == model_id, table.format == form, table.name == name)
    )
    connection.execute(
        Base.metadata.tables[table.__tablename__]
        .insert()
        .values(
            model_id=model_id, format=form, name=name, updated_at=datetime.now(UTC),
            **position._asdict(),
        )
    )  # fmt: skip


def lock_model(connection: Connection, receiver: Receiver) -> None:
    """Two imports for one model wait for each other, or each would miss the other's duplicates.
    On SQLite the transaction's own lock does this."""
    connection.execute(
        select(ModelTable.id).where(ModelTable.id == receiver.model_id).with_for_update()
    )


def known_keys(
    connection: Connection, receiver: Receiver, records: Iterable[ExplanationRecord]
) -> set[Key]:
    """All that the store has of the records' units, whatever became of it: what a person withdrew
    does not come back by importing it again."""
    units: dict[str, set[int]] = defaultdict(set)
    for record in records:
        units[record.site].add(record.index)
    table, known = ExplanationTable, set[Key]()
    for site, wanted in units.items():
        ordered = sorted(wanted)
        for start in range(0, len(ordered), UNITS_AT_ONCE):
            query = select(table.unit_index, table.author, table.text, table.program).where(
                table.site_id == receiver.sites[site].site_id,
                table.unit_index.in_(ordered[start : start + UNITS_AT_ONCE]),
            )
            known |= {
                (site, row.unit_index, row.author, row.text, row.program)
                for row in connection.execute(query)
            }
    return known


def write_imports(
    connection: Connection, receiver: Receiver, records: Sequence[ExplanationRecord]
) -> list[int]:
    """The ids, in the order of the records, which must be no duplicates."""
    ids = new_ids(connection, EXPLANATIONS.name, len(records))
    now = datetime.now(UTC)
    values: list[tuple[Any, ...]] = []
    scores: list[tuple[Any, ...]] = []
    entries = []
    for number, record in zip(ids, records, strict=True):
        text, program = storable(record.text), record.program
        program = None if program is None else storable(program)
        site_id = receiver.sites[record.site].site_id
        key = explanation_key(number, None)
        values.append((
            number, receiver.model_id, site_id, record.index, receiver.sweep_id, None, "import",
            storable(record.author), "current", None, 1, record.bits, record.n_rules,
            record.n_listed, stored_moment(connection, record.created_at or now), key, text,
            json.dumps(dict(record.details), sort_keys=True, allow_nan=False), program,
        ))  # fmt: skip
        scores += [(number, None, *_foreign(score)) for score in record.scores]
        entries.append(entry(key, receiver.model_id, site_id, "import", text, program))
    insert_rows(connection, EXPLANATIONS, WRITTEN, values)
    insert_rows(connection, SCORES, SCORED, scores)
    index.put(connection, index.EXPLANATIONS, entries)
    return list(ids)


def _foreign(score: ScoreRow) -> ScoreRow:
    """The score as somebody else's: its judge says so."""
    judge = score.judge if score.judge.startswith(IMPORTED) else IMPORTED + score.judge
    return score._replace(
        split=storable(score.split),
        judge=storable(judge),
        reason=None if score.reason is None else storable(score.reason),
    )
