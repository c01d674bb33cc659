"""One JSON object a line, with everything that the store has of an explanation."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from app.exchange.input import InputFile
from app.exchange.reading import Row, read_json_lines
from app.exchange.record_json import from_json, to_json
from app.store.portable import ExplanationRecord

MEDIA_TYPE: Final = "application/jsonl"


def encode(records: Iterable[ExplanationRecord]) -> Iterator[bytes]:
    for record in records:
        yield dumped(to_json(record)) + b"\n"


def read(file: InputFile) -> Iterator[Row]:
    return read_json_lines(file, lambda fields: (from_json(fields),))


def dumped(value: object) -> bytes:
    """The same bytes for equal values."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")
