"""Files that are whole or not there: written under another name, given theirs at the end.

Equal content makes equal bytes: compressed files carry no time and no name.
"""

import errno
import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from app.errors import PatchclampError, UnavailableError

UNFINISHED: Final = ".part"
LEVEL: Final = 6
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class WrittenFile(NamedTuple):
    name: str
    """Below the folder of the export, with slashes."""
    n_bytes: int
    sha256: str


class OutputFolder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, parts: Iterable[bytes], *, compressed: bool = False) -> WrittenFile:
        """UnavailableError: the disk is full or refuses; no part of the file is left."""
        target = self.path / name
        unfinished = target.with_name(target.name + UNFINISHED)
        with explained(self.path):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with unfinished.open("wb") as file:
                    _fill(file, parts, compressed=compressed)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(target)
            except BaseException:
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)
                raise
            return self.describe(name)

    def describe(self, name: str) -> WrittenFile:
        with (self.path / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return WrittenFile(name, file.tell(), digest)

    def holds(self, file: WrittenFile) -> bool:
        """Whether it is there as it was written."""
        path = self.path / file.name
        try:
            return path.stat().st_size == file.n_bytes and self.describe(file.name) == file
        except OSError:
            return False


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """An OSError as what to do about it."""
    try:
        yield
    except PatchclampError:
        raise
    except OSError as error:
        full = error.errno in FULL
        raise UnavailableError(
            f"The disk of {folder} is full." if full else f"{folder}: {error.strerror or error}.",
            hint="Free some space, or give another folder, and run the export again: "
            "what is complete is kept and not written anew."
            if full
            else "Give a folder that this user may write to.",
        ) from error


def _fill(file: BinaryIO, parts: Iterable[bytes], *, compressed: bool) -> None:
    if not compressed:
        for part in parts:
            file.write(part)
        return
    with gzip.GzipFile("", "wb", LEVEL, fileobj=file, mtime=0) as packed:
        for part in parts:
            packed.write(part)
