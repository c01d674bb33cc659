"""Files that are whole or not there: written under another name, given theirs at the end.

Equal content makes equal bytes: compressed files carry no time and no name.

The folder may be anywhere, also behind links; below it none is followed. Others may be able to
write into it, and what they plant there must not lead us to files elsewhere.
"""

import errno
import gzip
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedRandom, BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, NamedTuple

from app.errors import BadRequestError, PatchclampError, UnavailableError

UNFINISHED: Final = ".part"
LEVEL: Final = 6
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LINK: Final = (errno.ELOOP, errno.ENOTDIR)
"""What opening a link says that must be a file, or a folder."""


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
        with explained(self.path), self._parent(name, make=True) as (folder, last):
            unfinished = last + UNFINISHED
            try:
                with _new_file(folder, unfinished) as file:
                    _fill(file, parts, compressed=compressed)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(unfinished, last, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(unfinished, dir_fd=folder)
                raise
        return self.describe(name)

    def describe(self, name: str) -> WrittenFile:
        with self.open(name, os.O_RDONLY) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return WrittenFile(name, file.tell(), digest)

    def holds(self, file: WrittenFile) -> bool:
        """Whether it is there as it was written."""
        try:
            with self.open(file.name, os.O_RDONLY) as there:
                if os.fstat(there.fileno()).st_size != file.n_bytes:
                    return False
            return self.describe(file.name) == file
        except (OSError, BadRequestError):
            return False

    @contextmanager
    def open(self, name: str, flags: int) -> Iterator[BufferedReader | BufferedRandom]:
        """A file that is there, with flags of `os.open`. BadRequestError: it is a link or no file;
        or it is to be written and has another name too, maybe elsewhere."""
        writing = flags & os.O_ACCMODE != os.O_RDONLY
        with self._parent(name) as (folder, last), self._explaining_links(name):
            opened = os.open(last, flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode) or (writing and found.st_nlink > 1):
            os.close(opened)
            raise self._planted(name)
        with os.fdopen(opened, "rb+") if writing else os.fdopen(opened, "rb") as file:
            yield file

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        """A new file in place of whatever has its name."""
        with self._parent(name, make=True) as (folder, last), _new_file(folder, last) as file:
            yield file

    def remove(self, name: str) -> None:
        """The file or link of this name, where there is one."""
        with suppress(FileNotFoundError), self._parent(name) as (folder, last):
            os.unlink(last, dir_fd=folder)

    @contextmanager
    def _parent(self, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """The folder that the file lies in, opened step by step, and its name there."""
        *steps, last = PurePosixPath(name).parts
        if last == ".." or ".." in steps or name.startswith("/"):
            raise self._planted(name)
        if make:
            self.path.mkdir(parents=True, exist_ok=True)
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for number, step in enumerate(steps, start=1):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(step, dir_fd=folder)
                with self._explaining_links("/".join(steps[:number])):
                    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                    inner = os.open(step, flags, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder, last
        finally:
            os.close(folder)

    @contextmanager
    def _explaining_links(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in LINK:
                raise self._planted(name) from error
            raise

    def _planted(self, name: str) -> BadRequestError:
        return BadRequestError(
            f"{self.path / name} is a link, or not what an export makes there; it is not written "
            "through.",
            hint="Look at who made it and move it away, or give a folder of your own.",
        )


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


def _new_file(folder: int, name: str) -> BinaryIO:
    """In an open folder. What has the name is taken away first, not opened: it may be a link."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    return os.fdopen(os.open(name, flags, 0o666, dir_fd=folder), "wb")


def _fill(file: BinaryIO, parts: Iterable[bytes], *, compressed: bool) -> None:
    if not compressed:
        for part in parts:
            file.write(part)
        return
    with gzip.GzipFile("", "wb", LEVEL, fileobj=file, mtime=0) as packed:
        for part in parts:
            packed.write(part)
