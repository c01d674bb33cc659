"""Files that are announced, then sent to an address of their own, then taken: as those who upload
to a store of objects do it.

The address is only known to whoever announced the file. A few wait at a time, and only one that has
waited for a while makes room for another: else a stranger could drive out what is being sent. One
that is not taken within the hour is gone, as all are when the server is started anew.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

from app.errors import BadRequestError, ConflictError, NotFoundError, TooManyError
from app.exchange.input import InputFile

MOST: Final = 8
SECONDS: Final = 3600.0
SURE_SECONDS: Final = 600.0
"""That a file may wait for though others are announced: no body takes longer to arrive."""
TOKEN_BYTES: Final = 18


@dataclass(frozen=True)
class Announced:
    name: str
    n_bytes: int
    until: float


class Uploads:
    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock
        self._announced: dict[str, Announced] = {}

    def announce(self, *, name: str, n_bytes: int) -> str:
        """The token under which it can be sent and taken. Where too many wait, the oldest makes
        room if it had its time; TooManyError: it had not."""
        self.sweep()
        if len(self._announced) >= MOST:
            oldest, one = next(iter(self._announced.items()))
            left = one.until - SECONDS + SURE_SECONDS - self._clock()
            if left > 0:
                raise TooManyError(
                    f"{MOST} files are announced and not taken; no more are.",
                    hint="Send and keep what is announced, or wait until there is room.",
                    retry_after=ceil(left),
                )
            self._forget(oldest)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._announced[token] = Announced(name, n_bytes, self._clock() + SECONDS)
        return token

    def size_of(self, token: str) -> int:
        """As it was announced. NotFoundError: it was not."""
        return self._find(token).n_bytes

    def sweep(self) -> None:
        """Away with what had its hour, and with what another run of the server left behind."""
        for token in [t for t, one in self._announced.items() if one.until < self._clock()]:
            self._forget(token)
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.name not in self._announced and self._is_old(path):
                    with suppress(OSError):  # it is in nobody's way
                        path.unlink()

    def keep(self, token: str, received: Path) -> int:
        """Its size, once it is moved away from where it was received. NotFoundError: nobody
        announced it; BadRequestError: another size was announced."""
        announced = self._find(token)
        n_bytes = received.stat().st_size
        if n_bytes != announced.n_bytes:
            raise BadRequestError(
                f"{n_bytes:,} bytes were sent, and {announced.n_bytes:,} were announced.",
                hint="Announce the size of the body as it is sent, compressed where it is.",
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        received.replace(self.folder / token)
        return n_bytes

    @contextmanager
    def taken(self, token: str) -> Iterator[InputFile]:
        """The file, gone once the block is over. NotFoundError: nobody announced it;
        ConflictError: it was not sent."""
        name = self._find(token).name
        path = self.folder / token
        if not path.exists():
            raise ConflictError(
                f"{name} was announced, and never sent.",
                hint="PUT it to the address that was answered, then ask again.",
            )
        try:
            yield InputFile(path, name)
        finally:
            self._forget(token)

    def _find(self, token: str) -> Announced:
        found = self._announced.get(token)
        if found is None or found.until < self._clock():
            raise NotFoundError(
                "No file is announced under this address.",
                hint="Announce it again: an address holds for an hour, and for one file.",
            )
        return found

    def _is_old(self, path: Path) -> bool:
        """Whether it is left from another run of the server; another one may be running."""
        try:
            return path.stat().st_mtime < self._clock() - SECONDS
        except OSError:
            return False

    def _forget(self, token: str) -> None:
        self._announced.pop(token, None)
        (self.folder / token).unlink(missing_ok=True)
