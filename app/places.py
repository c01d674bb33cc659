"""How many of something may be under way at once; one more is told when to try again."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from app.errors import TooManyError

RETRY_SECONDS: Final = 10


class Places:
    """Nobody waits for one, so they may be taken on the event loop and in threads."""

    def __init__(self, most: int, *, told: str, hint: str) -> None:
        """`told` says of a number what it is a number of; `hint`, what to do where none is free."""
        self._most = most
        self._told = told
        self._hint = hint
        self._taken = 0
        self._lock = Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One place for as long as the block lasts. TooManyError: none is free."""
        with self._lock:
            if self._taken >= self._most:
                raise TooManyError(
                    f"{self._taken} {self._told}; no more are taken.",
                    hint=self._hint,
                    retry_after=RETRY_SECONDS,
                )
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1

    @contextmanager
    def taken_for(self, program: str | None) -> Iterator[None]:
        """One place where there is a program to run; mere words take none."""
        if program is None or not program.strip():
            yield
            return
        with self.taken():
            yield
