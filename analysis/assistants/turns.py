"""Who asks what somebody else is asking at this moment waits, and finds the answer in the cache."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    n_waiting: int = 0
    """With the one whose turn it is."""


class Turns:
    """A lock per key, kept while anybody holds it or waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    @contextmanager
    def of(self, key: str) -> Iterator[None]:
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.n_waiting += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.n_waiting -= 1
                if not turn.n_waiting:
                    del self._turns[key]
