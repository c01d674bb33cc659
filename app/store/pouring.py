"""A SQLite store poured into an empty PostgreSQL one, row by row, and read back to compare."""

import hashlib
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Boolean, Connection, DateTime, Engine, LargeBinary, Table, select, update
from sqlalchemy.sql.type_api import TypeEngine

from app.errors import UnavailableError
from app.store.engine import begin
from app.store.search import index
from app.store.search.index import COLUMNS, Entry
from app.store.tables import AuditHeadTable, Base, ModelTable
from app.store.writing import insert_rows

BY_PARTS: Final = {"yield_per": 2000}
"""Rows that are read at a time."""
LATER: Final = {"models": "current_run_id"}
"""What refers to rows that come after it, put in once they are there."""

Row = tuple[Any, ...]


def pour(source: Engine, target: Engine) -> None:
    """All rows, in one transaction of the target, whose tables are there and empty.

    Raises UnavailableError where what is read back is not what was written; then nothing is there.
    """
    with source.connect() as reader, begin(target) as writer:
        for table in Base.metadata.sorted_tables:
            if table.name == AuditHeadTable.__tablename__:
                _move_head(reader, writer)
                continue
            digest = _Digest()
            insert_rows(writer, table, names_of(table), digest.over(_rows(reader, table)))
            _set_next_id(reader, writer, table)
            back = _Digest()
            for _ in back.over(_rows(writer, table)):
                pass
            if back.value != digest.value:
                raise UnavailableError(
                    f"The rows of {table.name} came back otherwise than they were written.",
                    hint="Nothing was changed. Please report it, with the versions of both.",
                )
        _refer_back(reader, writer)
        for name in COLUMNS:
            _move_index(reader, writer, name)


def names_of(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


class _Digest:
    """SHA-256 of all values of rows that pass."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    @property
    def value(self) -> bytes:
        return self._hash.digest()

    def over(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            for value in row:
                self._hash.update(_bytes_of(value))
            yield row


def _bytes_of(value: Any) -> bytes:  # noqa: ANN401 - what databases hold
    if isinstance(value, float):
        return b"f" + struct.pack("<d", value)
    told = value if isinstance(value, bytes) else repr(value).encode("utf-8", "surrogatepass")
    return type(value).__name__.encode() + struct.pack("<q", len(told)) + told


def _rows(connection: Connection, table: Table) -> Iterator[Row]:
    """As PostgreSQL takes them, in the order of their keys."""
    converters = [_converter(column.type) for column in table.columns]
    names = ", ".join(
        "NULL" if column.name == LATER.get(table.name) else f'"{column.name}"'
        for column in table.columns
    )
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    found = connection.exec_driver_sql(
        f"SELECT {names} FROM {table.name} ORDER BY {keys}",  # noqa: S608 - our own names
        execution_options=BY_PARTS,
    )
    for row in found:
        yield tuple(
            value if value is None or convert is None else convert(value)
            for value, convert in zip(row, converters, strict=True)
        )


def _converter(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """From what either driver gives."""
    kind = getattr(kind, "impl_instance", kind)
    if isinstance(kind, Boolean):
        return bool
    if isinstance(kind, DateTime):
        return _moment
    return bytes if isinstance(kind, LargeBinary) else None


def _moment(value: str | datetime) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _set_next_id(reader: Connection, writer: Connection, table: Table) -> None:
    """No id that a row had, also one that is deleted, is given again."""
    sequence = writer.exec_driver_sql(
        "SELECT pg_get_serial_sequence(%(table)s, 'id')", {"table": table.name}
    ).scalar() if "id" in table.columns else None  # fmt: skip
    if sequence is None:
        return
    last = reader.exec_driver_sql(f"SELECT max(id) FROM {table.name}").scalar() or 0  # noqa: S608
    if table.dialect_options["sqlite"]["autoincrement"]:
        given = reader.exec_driver_sql(
            "SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)
        ).scalar()
        last = max(last, given or 0)
    if last:
        writer.exec_driver_sql(
            "SELECT setval(%(sequence)s::regclass, %(last)s)", {"sequence": sequence, "last": last}
        )


def _move_head(reader: Connection, writer: Connection) -> None:
    """The row is there: a trigger lets it only be moved on."""
    row = reader.execute(select(AuditHeadTable.__table__)).mappings().one_or_none()
    if row is not None:
        writer.execute(update(AuditHeadTable).where(AuditHeadTable.id == row["id"]).values(**row))


def _refer_back(reader: Connection, writer: Connection) -> None:
    for row in reader.execute(select(ModelTable.id, ModelTable.current_run_id)):
        writer.execute(
            update(ModelTable)
            .where(ModelTable.id == row.id)
            .values(current_run_id=row.current_run_id)
        )


def _move_index(reader: Connection, writer: Connection, name: str) -> None:
    columns = COLUMNS[name]
    found = reader.exec_driver_sql(
        f"SELECT rowid, {', '.join(columns)}, facets FROM {name} ORDER BY rowid",  # noqa: S608
        execution_options=BY_PARTS,
    )
    for rows in found.partitions():
        index.put(
            writer,
            name,
            [Entry(row[0], tuple(row[1:-1]), tuple(row[-1].split())) for row in rows],
        )
