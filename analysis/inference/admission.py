"""How many requests are taken on at once; one more is told when to try again."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from analysis.inference.refusing import refused

LONGEST_RETRY: Final = 300
FIRST_GUESS: Final = 0.5
"""Seconds that a request takes, before one was seen."""
MEMORY: Final = 0.8
"""Weight of what was known against the newest request."""


class Admission:
    """Only touched on the event loop."""

    def __init__(self, waiting: int) -> None:
        self._most = waiting + 1
        self._most_long = max(1, self._most // 4)
        self._under_way = 0
        self._long = 0
        self._seconds = FIRST_GUESS

    @property
    def waiting(self) -> int:
        """Requests that are not being computed now."""
        return max(self._under_way - 1, 0)

    @contextmanager
    def place(self, *, takes_minutes: bool = False) -> Iterator[None]:
        """One place for as long as the block lasts; what takes minutes has a quarter of them, so
        that there is room for what takes none. Refused: busy."""
        if takes_minutes and self._long >= self._most_long:
            raise refused(
                "busy",
                f"{self._long} requests that take minutes are under way; no more of them are "
                "taken.",
                hint="Ask again when one of them has ended.",
                retry_after=LONGEST_RETRY,
            )
        if self._under_way >= self._most:
            raise refused(
                "busy",
                f"{self._under_way} requests wait for the model or are being computed; no more are "
                "taken.",
                hint="Ask again in a moment.",
                retry_after=self.retry_after(),
            )
        self._under_way += 1
        self._long += takes_minutes
        try:
            yield
        finally:
            self._under_way -= 1
            self._long -= takes_minutes

    def took(self, seconds: float) -> None:
        """What the model needed for one request."""
        self._seconds = MEMORY * self._seconds + (1 - MEMORY) * seconds

    def retry_after(self) -> int:
        """Seconds until about half of those under way are done: 1 to 300."""
        return min(max(math.ceil(self._seconds * self._under_way / 2), 1), LONGEST_RETRY)
