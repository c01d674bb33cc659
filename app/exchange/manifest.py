"""What an export has written so far: `export.jsonl` in its folder, one line for each piece.

The first line says what is exported; a last line, that it is complete. Lines are only added, and a
line that a crash cut is cut off before the next.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, Final, NamedTuple

from app.errors import ConflictError
from app.exchange.output import OutputFolder, WrittenFile, explained

NAME: Final = "export.jsonl"
AGAIN: Final = "Give another folder, or `--overwrite` to begin anew in this one."


@dataclass(frozen=True)
class Header:
    """Two exports with equal headers, but for `as_of`, write the same files."""

    format: str
    version: int
    model: str
    weights_sha256: str
    site: str | None
    method: str | None
    as_of: int
    sweep_id: int | None = None
    """The sweep that was shown."""


class Done(NamedTuple):
    files: list[WrittenFile]
    n_explanations: int


@dataclass
class Manifest:
    header: Header
    finished: bool = False
    complete: dict[str, "Done"] = field(default_factory=dict)
    """By the piece's key; a piece that was written anew has a later line."""


def begin(folder: OutputFolder, header: Header) -> Manifest:
    """A new export, in place of any other: the files of an older one go."""
    older = find(folder)
    with explained(folder.path):
        for done in older.complete.values() if older else ():
            for file in done.files:
                folder.remove(file.name)
    _append(folder, {"export": asdict(header)}, new=True)
    return Manifest(header)


def find(folder: OutputFolder) -> Manifest | None:
    """What is there; None where no export was begun. Lines after one that cannot be read are cut
    off."""
    with explained(folder.path):
        try:
            with folder.open(NAME, os.O_RDWR) as file:
                return _read(file, folder)
        except FileNotFoundError:
            return None


def _read(file: IO[bytes], folder: OutputFolder) -> Manifest | None:
    manifest: Manifest | None = None
    good = 0
    while line := file.readline():
        row = _parsed(line)
        if row is None:
            break
        if manifest is None:
            manifest = _begun(row, folder)
        elif "finished" in row:
            manifest.finished = True
        else:
            manifest.complete[str(row.get("piece"))] = _done(row, folder)
        good += len(line)
    if good < os.fstat(file.fileno()).st_size:
        file.truncate(good)
    return manifest


def add(folder: OutputFolder, manifest: Manifest, key: str, done: Done) -> None:
    _append(folder, {"piece": key, "files": done.files, "n_explanations": done.n_explanations})
    manifest.complete[key] = done


def finish(folder: OutputFolder, manifest: Manifest) -> None:
    _append(folder, {"finished": True})
    manifest.finished = True


def _done(row: Mapping[str, Any], folder: OutputFolder) -> Done:
    """The files of a piece; none may lie outside the folder, whatever the line says."""
    try:
        done = Done([WrittenFile(*one) for one in row["files"]], int(row["n_explanations"]))
        names = [PurePosixPath(file.name) for file in done.files]
    except (KeyError, TypeError, ValueError) as error:
        raise _foreign(folder) from error
    # a name without parts is the folder itself
    if any(not name.parts or name.is_absolute() or ".." in name.parts for name in names):
        raise _foreign(folder)
    return done


def _begun(row: Mapping[str, Any], folder: OutputFolder) -> Manifest:
    try:
        return Manifest(Header(**row["export"]))
    except (KeyError, TypeError) as error:
        raise _foreign(folder) from error


def _foreign(folder: OutputFolder) -> ConflictError:
    return ConflictError(
        f"{folder.path / NAME} is not from an export of this version.",
        hint="Give another folder, or move that file away.",
    )


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _append(folder: OutputFolder, row: Mapping[str, Any], *, new: bool = False) -> None:
    line = json.dumps(row, sort_keys=True).encode() + b"\n"
    with explained(folder.path):
        opened = folder.create(NAME) if new else folder.open(NAME, os.O_RDWR | os.O_APPEND)
        with opened as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
