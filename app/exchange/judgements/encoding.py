"""Rows of plain values as JSONL, CSV and Parquet; cells of CSV are safe in spreadsheets."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal, NamedTuple

from app.exchange import comma_separated, jsonl, parquet
from app.exchange.comma_separated import escaped, lines_of
from app.exchange.judgements.columns import Kind

Form = Literal["jsonl", "csv", "parquet"]
AT_ONCE: Final = 1000
Row = Mapping[str, Any]


class Encoding(NamedTuple):
    media_type: str
    encode: Callable[[Mapping[str, Kind], Iterable[Row]], Iterator[bytes]]


def as_lines(columns: Mapping[str, Kind], rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        plain = {name: _plain(row[name]) for name in columns}
        yield jsonl.dumped(plain) + b"\n"


def as_cells(columns: Mapping[str, Kind], rows: Iterable[Row]) -> Iterator[bytes]:
    yield lines_of([tuple(columns)])
    for some in _parts(rows):
        yield lines_of([[_cell(row[name]) for name in columns] for row in some])


def as_parquet(columns: Mapping[str, Kind], rows: Iterable[Row]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: dict[Kind, Any] = {
        "text": pa.string(), "whole": pa.int64(), "number": pa.float64(), "flag": pa.bool_(),
        "texts": pa.list_(pa.string()), "moment": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    sink = parquet.Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for some in _parts(rows):
            writer.write_table(pa.Table.from_pylist([dict(row) for row in some], schema))
            yield sink.taken()
    yield sink.taken()


ENCODINGS: Final[dict[Form, Encoding]] = {
    "jsonl": Encoding(jsonl.MEDIA_TYPE, as_lines),
    "csv": Encoding(comma_separated.MEDIA_TYPE, as_cells),
    "parquet": Encoding(parquet.MEDIA_TYPE, as_parquet),
}


def _parts(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        yield some


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return json.dumps(list(value), ensure_ascii=False) if value else ""
    if isinstance(value, datetime):
        return value.isoformat()
    return escaped(value) if isinstance(value, str) else value
