"""Which files of a folder are to be imported, and in which format each is, by its content."""

import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.errors import BadRequestError, NotFoundError
from app.exchange.input import LONGEST_LINE, InputFile

MOST_FILES: Final = 2_000_000
PEEKED: Final = 2**16
"""Bytes of a first line that are parsed; of a longer one, names are looked for."""
NAMES: Final = ("dataclass_name", "modelId", "description")
ENDINGS: Final = (
    ".jsonl",
    ".jsonl.gz",
    ".ndjson",
    ".csv",
    ".csv.gz",
    ".parquet",
    ".json",
    ".json.gz",
)
PASSED: Final = ("export.jsonl", "release.jsonl", "model.jsonl", "sourceset.jsonl", "source.jsonl")
"""Files of an export that hold no explanations."""


class Recognised(NamedTuple):
    file: InputFile
    format: str


def find_files(path: Path, form: str) -> Iterator[Recognised]:
    """In the order of names. `form` is a format's name or `auto`; BadRequestError where a file that
    was given by itself cannot be recognised."""
    if path.is_dir():
        for number, name in enumerate(sorted(_names(path))):
            if number >= MOST_FILES:
                raise BadRequestError(
                    f"The folder has more than {MOST_FILES:,} files.", hint="Import a part of it."
                )
            file = InputFile(path / name, name.as_posix())
            found = recognise(file) if form == "auto" else form
            if found is not None:
                yield Recognised(file, found)
        return
    if not path.exists():
        raise NotFoundError(f"There is no file or folder {path}.", hint="Give one that is there.")
    file = InputFile(path, path.name)
    found = recognise(file) if form == "auto" else form
    if found is None:
        raise BadRequestError(
            f"{file.name} is in none of the formats that can be imported.",
            hint="Say which it is with --format; docs/interop.md shows each.",
        )
    yield Recognised(file, found)


def recognise(file: InputFile) -> str | None:
    """None: not a file of explanations, as far as its beginning says."""
    name = file.path.name
    if name.endswith(".parquet"):
        return "parquet"
    if name.endswith((".csv", ".csv.gz")):
        return "csv"
    try:
        with file.again().open() as content:
            start = content.readline(PEEKED)
            if len(start) == PEEKED and not start.endswith(b"\n") and not _is_document(name):
                # which name comes last is the writer's choice: long scores may stand before it
                start += content.readline(LONGEST_LINE)
    except (OSError, EOFError, zlib.error):
        # not even the first line can be read: the reader will say so
        return "jsonl"
    return _of_document(start) if _is_document(name) else _of_line(start)


def _is_document(name: str) -> bool:
    return name.endswith((".json", ".json.gz"))


def _of_line(start: bytes) -> str | None:
    row: Any = None
    # of a longer line, few bytes could become many of memory
    if len(start) <= PEEKED:
        with suppress(ValueError, RecursionError):
            row = json.loads(start)
            if not isinstance(row, dict):
                return None
    if row is None:
        # too long, or wrong: keys tell all the same
        row = {name: 1 for name in NAMES if _has(start, name)}
    if "dataclass_name" in row:
        return "openai"
    if "modelId" in row:
        return "neuronpedia" if "description" in row else None
    return "jsonl"


def _of_document(start: bytes) -> str | None:
    if _has(start, "dataclass_name"):
        return "openai"
    return "saedashboard" if _has(start, "model_id") else None


def _has(start: bytes, name: str) -> bool:
    return f'"{name}"'.encode() in start


def _names(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.name.endswith(ENDINGS) and path.name not in PASSED and path.is_file():
            yield path.relative_to(folder)
