"""A file that is imported: its bytes, without gzip, and the digest of what was read of them.

Whoever reads it again compares the digest at the place where the last reading stopped: the same
digest, the same file so far, even if its rest was mended meanwhile.
"""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from app.errors import BadRequestError
from app.exchange.faults import DamagedFileError, FileFaultError, Where

LONGEST_LINE: Final = 16 * 2**20
LARGEST_DOCUMENT: Final = 128 * 2**20
"""Bytes of a file that is one JSON document: it is read as a whole."""
CHUNK: Final = 2**20
GZIP: Final = b"\x1f\x8b"


@dataclass
class InputFile:
    path: Path
    name: str
    """As errors and the store call it: no folder of this machine."""
    most_lines: int | None = None
    """That are read, blank ones too; None: as many as there are."""
    most_bytes: int | None = None
    """That are read line by line, without gzip."""
    _hash: Any = field(default_factory=hashlib.sha256)

    def digest(self) -> str:
        """Of what was read until now."""
        found: str = self._hash.copy().hexdigest()
        return found

    def mark(self) -> Callable[[], str]:
        """The digest of what was read until now, for later."""
        kept = self._hash.copy()
        return lambda: str(kept.hexdigest())

    def where(self, line: int, what: str = "line") -> Where:
        return Where(self.name, line, what)

    def again(self) -> "InputFile":
        """The same file from its beginning."""
        return InputFile(self.path, self.name, self.most_lines, self.most_bytes)

    def open(self) -> IO[bytes] | gzip.GzipFile:
        """Raises BadRequestError where it cannot be read."""
        try:
            with self.path.open("rb") as file:
                compressed = file.read(len(GZIP)) == GZIP
            return gzip.open(self.path, "rb") if compressed else self.path.open("rb")
        except OSError as error:
            raise self._unreadable(error) from error

    def lines(self) -> Iterator[bytes]:
        """Line by line with its end, each of bounded length. DamagedFileError: the compression is
        broken; what came before has been given, but for a line that was cut. FileFaultError: there
        is more than is read of it."""
        number = n_bytes = 0
        with self.open() as file:
            while True:
                number += 1
                line = self._guarded(file, number)
                if not line:
                    return
                if len(line) > LONGEST_LINE:
                    raise FileFaultError(
                        self.where(number), f"more than {LONGEST_LINE:,} bytes without an end"
                    )
                n_bytes += len(line)
                self._check_size(number, n_bytes)
                self._hash.update(line)
                yield line

    def _check_size(self, number: int, n_bytes: int) -> None:
        for n, most, what in (
            (number, self.most_lines, "lines"), (n_bytes, self.most_bytes, "bytes"),
        ):  # fmt: skip
            if most is not None and n > most:
                raise FileFaultError(
                    self.where(number), f"more than {most:,} {what}", hint="Split it into several."
                )

    def whole(self, *, hint: str = "Split it into smaller batches.") -> bytes:
        """All of it. FileFaultError: it is too large; `hint` says what to do then."""
        parts, n_bytes = [], 0
        with self.open() as file:
            while part := self._guarded(file, 1, CHUNK):
                parts.append(part)
                n_bytes += len(part)
                if n_bytes > LARGEST_DOCUMENT:
                    raise FileFaultError(
                        self.where(1),
                        f"more than {LARGEST_DOCUMENT:,} bytes in one JSON document",
                        hint=hint,
                    )
                self._hash.update(part)
        return b"".join(parts)

    def take_digest_of_all(self) -> None:
        """For files that are not read from the front: their digest is that of all bytes."""
        try:
            with self.path.open("rb") as file:
                while part := file.read(CHUNK):
                    self._hash.update(part)
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> BadRequestError:
        return BadRequestError(
            f"{self.name} cannot be read: {error.strerror}.",
            hint="Give a file or folder that this user may read.",
        )

    def _guarded(
        self, file: IO[bytes] | gzip.GzipFile, number: int, n_bytes: int | None = None
    ) -> bytes:
        try:
            return file.readline(LONGEST_LINE + 1) if n_bytes is None else file.read(n_bytes)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DamagedFileError(
                self.where(number),
                "the compressed file ends early or is damaged from here on "
                f"({str(error).rstrip('.') or 'no more could be read'})",
                hint="Fetch or make the file again, put it in the place of this one, and import "
                "again: it goes on from here.",
            ) from error
        except OSError as error:
            raise DamagedFileError(
                self.where(number),
                f"the disk refused to read on: {error.strerror or error}",
                hint="Look at the disk, then import again: it goes on from here.",
            ) from error
