"""How many of something may be under way at once; one more is told when to try again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from app.errors import TooManyError

RETRY_SECONDS: Final = 10


class Places:
    """Counts on the event loop, in one thread: take a place in an async dependency."""

    def __init__(self, most: int, *, told: str, hint: str) -> None:
        """`told` says of a number what it is a number of; `hint`, what to do where none is free."""
        self._most = most
        self._told = told
        self._hint = hint
        self._taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One place for as long as the block lasts. TooManyError: none is free."""
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
            self._taken -= 1
