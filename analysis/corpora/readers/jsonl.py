"""JSON lines, plain or gzipped: one object per line is one document."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from analysis.corpora.readers.base import ReadOptions, Replaced, decode
from analysis.corpora.readers.files import list_files, read_failure
from analysis.corpora.readers.rows import read_row
from analysis.errors import CorpusError
from analysis.records import Document

SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")


def read_jsonl(source: str, options: ReadOptions, replaced: Replaced) -> Iterator[Document]:
    files = list_files(source, SUFFIXES, replaced)
    for file, name in files:
        for number, line in _lines(file, name):
            place = f"{name}, line {number}"
            yield read_row(_parse(line, replaced, place=place), options, replaced, place=place)


def _parse(line: bytes, replaced: Replaced, *, place: str) -> dict[str, Any]:
    try:
        row = json.loads(decode(line, replaced))
    except (ValueError, RecursionError) as error:
        raise CorpusError(
            f"{place}: this is no JSON ({error}).",
            hint='Every line must be one JSON object, such as {"text": "…"}.',
        ) from error
    if not isinstance(row, dict):
        raise CorpusError(
            f"{place}: this is a JSON {type(row).__name__}, not an object.",
            hint='Every line must be one JSON object, such as {"text": "…"}.',
        )
    return row


def _lines(file: Path, name: str) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, numbered from 1."""
    try:
        with _open(file) as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line
    except (EOFError, zlib.error) as error:
        raise CorpusError(
            f"{name} ends in the middle or is damaged: {error}.", hint="Fetch the file again."
        ) from error
    except OSError as error:
        raise read_failure(name, error) from error


def _open(file: Path) -> BinaryIO:
    if file.name.lower().endswith(".gz"):
        return cast(BinaryIO, gzip.open(file, "rb"))
    return file.open("rb")
