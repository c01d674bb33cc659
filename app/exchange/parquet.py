"""Parquet: the same fields as JSONL in typed columns, scores as lists of structures.

`details` is JSON in a text column; a metric's numbers are 32-bit floats as in the store, null where
undefined. Parquet has its table of contents at the end: a file that was cut cannot be read at all.
"""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any, Final

import numpy as np

from app.exchange.columns import (
    BYTES_AT_ONCE,
    HINT,
    LARGEST_GROUP,
    LONGEST_ROW,
    check_group,
    check_type,
    sizes_of,
)
from app.exchange.faults import DamagedFileError, FileFaultError, Where
from app.exchange.fields import MOST_FIELDS, Fields, parse_json
from app.exchange.input import InputFile
from app.exchange.reading import Records, Row
from app.exchange.record_json import from_json, to_json
from app.store.packing import COLUMNS
from app.store.portable import ExplanationRecord

MEDIA_TYPE: Final = "application/vnd.apache.parquet"
GROUP: Final = 5000
"""Rows of one row group: what is in memory at once."""
MOST_CHARACTERS: Final = 32_000_000
"""Of texts, programs and details in one row group: lookup tables are long."""
AT_ONCE: Final = 256
NEEDED: Final = ("model", "site", "index", "author", "text")


@cache
def schema() -> Any:  # noqa: ANN401 - pyarrow has no types
    """Loaded when it is needed: the web side starts without pyarrow."""
    import pyarrow as pa

    count, text, number = pa.int32(), pa.string(), pa.float64()
    metric = pa.struct([
        ("metric", text), *((name, pa.float32()) for name in COLUMNS),
        ("reason", text), ("n_yes", count), ("n_cases", count), ("tail", text),
        ("pool_prevalence", pa.float32()), ("precision_in_pool", pa.float32()),
    ])  # fmt: skip
    score = pa.struct([
        ("split", text), ("judge", text), ("status", text), ("reason", text),
        ("n_windows", count), ("n_documents", count), ("n_positions", pa.int64()),
        ("n_failed", count), ("r", number), ("p", number), ("metrics", pa.list_(metric)),
    ])  # fmt: skip
    return pa.schema([
        ("model", text), ("site", text), ("index", count), ("text", text), ("program", text),
        ("method", text), ("author", text), ("bits", number), ("n_rules", count),
        ("n_listed", count), ("created_at", pa.timestamp("us", tz="UTC")), ("id", pa.int64()),
        ("run_id", pa.int64()), ("details", text), ("scores", pa.list_(score)),
    ])  # fmt: skip


def encode(records: Iterable[ExplanationRecord]) -> Iterator[bytes]:
    """Group by group: no more than one is in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = Sink()
    with pq.ParquetWriter(sink, schema(), compression="zstd") as writer:
        for rows in _groups(records):
            writer.write_table(pa.Table.from_pylist(rows, schema()))
            yield sink.taken()
    yield sink.taken()


def read(file: InputFile) -> Iterator[Row]:
    for where, row in read_rows(file, known=schema().names, needed=NEEDED):
        yield Row(where, partial(_parse, where, row))


def read_rows(
    file: InputFile, *, known: Sequence[str], needed: Sequence[str]
) -> Iterator[tuple[Where, dict[str, Any]]]:
    """Of the columns that are `known`. FileFaultError: one that is `needed` is not there, or it is
    too much for memory; DamagedFileError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file.take_digest_of_all()
    number = 0
    try:
        with pq.ParquetFile(file.path) as table:
            names = _known(table, known)
            _check(file, table, names, needed)
            texts = _texts(table)
        with pq.ParquetFile(file.path, read_dictionary=texts) as table:
            for n in range(table.num_row_groups):
                check_group(file.where(number + 1, "row"), table.metadata.row_group(n), names)
                group = table.read_row_group(n, columns=list(names), use_threads=False)
                for row in _rows(file, group.combine_chunks(), number):
                    number += 1
                    yield file.where(number, "row"), row
    except (pa.ArrowException, OSError) as error:
        raise DamagedFileError(
            file.where(number + 1, "row"),
            f"the Parquet file is cut or damaged: {str(error).splitlines()[0][:200]}",
            hint="Fetch or make the file again, put it in the place of this one, and import again.",
        ) from error


def _groups(records: Iterable[ExplanationRecord]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    n_characters = 0
    for record in records:
        rows.append(_to_row(record))
        n_characters += len(record.text) + len(record.program or "") + len(rows[-1]["details"])
        if len(rows) == GROUP or n_characters >= MOST_CHARACTERS:
            yield rows
            rows, n_characters = [], 0
    if rows:
        yield rows


def _check(
    file: InputFile,
    table: Any,  # noqa: ANN401 - pyarrow has no types
    known: Sequence[str],
    needed: Sequence[str],
) -> None:
    names = table.schema_arrow.names
    missing = [name for name in needed if name not in names]
    if missing:
        raise FileFaultError(file.where(1, "row"), f"there is no column {', '.join(missing)}")
    if len(names) > MOST_FIELDS:
        raise FileFaultError(
            file.where(1, "row"), f"{len(names):,} columns; at most {MOST_FIELDS:,}"
        )
    for name in known:
        check_type(file.where(1, "row").at(name), table.schema_arrow.field(name).type)


def _known(table: Any, ours: Sequence[str]) -> tuple[str, ...]:  # noqa: ANN401 - pyarrow has no types
    """Columns that are read: what others put beside them is not even looked at."""
    return tuple(dict.fromkeys(name for name in table.schema_arrow.names if name in ours))


def _texts(table: Any) -> list[str]:  # noqa: ANN401 - pyarrow has no types
    """Columns of texts, also those within lists and structures."""
    columns = (table.schema.column(number) for number in range(len(table.schema)))
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _rows(file: InputFile, group: Any, before: int) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """The rows of a group that follows so many rows; few of them are in memory at once."""
    sizes = np.zeros(group.num_rows, np.int64)
    for column in group.columns:
        for chunk in column.chunks:  # one, but for a group without rows
            sizes += sizes_of(chunk)
    if (total := int(sizes.sum())) > LARGEST_GROUP:
        raise FileFaultError(
            file.where(before + 1, "row"),
            f"a row group that becomes {total:,} bytes in memory; at most {LARGEST_GROUP:,} are "
            "taken",
            hint=HINT,
        )
    start = 0
    while start < len(sizes):
        if sizes[start] > LONGEST_ROW:
            raise FileFaultError(
                file.where(before + start + 1, "row"), f"a row of more than {LONGEST_ROW:,} bytes"
            )
        fitting = sizes[start : start + AT_ONCE].cumsum() <= BYTES_AT_ONCE
        allowed = fitting & (sizes[start : start + AT_ONCE] <= LONGEST_ROW)
        n = int(np.logical_and.accumulate(allowed).sum())
        yield from group.slice(start, n).to_pylist()
        start += n


def _to_row(record: ExplanationRecord) -> dict[str, Any]:
    row = to_json(record) | {"created_at": record.created_at}
    row["details"] = json.dumps(row["details"], sort_keys=True, allow_nan=False)
    for score in row["scores"]:
        score["metrics"] = [{"metric": name, **m} for name, m in score["metrics"].items()]
    return row


def _parse(where: Where, row: dict[str, Any]) -> Records:
    if isinstance(row.get("created_at"), datetime):
        row["created_at"] = row["created_at"].isoformat()
    if isinstance(row.get("details"), str):
        row["details"] = parse_json(where.at("details"), row["details"])
    fields = Fields(where, row)
    if "scores" in fields:
        row["scores"] = [_score(score) for score in fields.objects("scores")]
    return (from_json(fields),)


def _score(fields: Fields) -> dict[str, Any]:
    """With its metrics by name, as JSON has them."""
    metrics = {one.text("metric"): one for one in fields.objects("metrics")}
    plain = {name: fields.raw(name) for name in fields}
    by_name = {name: {column: one.raw(column) for column in one} for name, one in metrics.items()}
    return plain | {"metrics": by_name}


class Sink(io.RawIOBase):
    """Holds what was written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._n_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        part = bytes(data)
        self._parts.append(part)
        self._n_bytes += len(part)
        return len(part)

    def tell(self) -> int:
        return self._n_bytes

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
