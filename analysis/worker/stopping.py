"""How a worker is asked to leave: once, and it may end what is under way; again, and it may not."""

import threading
import time
from typing import Final

import structlog

log = structlog.get_logger("patchclamp.worker")

AGAIN_SECONDS: Final = 0.5
"""Signals this close together are one: a terminal or an init system tells a whole group at once."""
WATCH_SECONDS: Final = 0.2


class Stopping:
    """Asked for by any thread, and heeded by the one that runs the job."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._asked_at = float("inf")
        self._hurried = threading.Event()
        self._goes_on_until: float | None = None

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        self._asked_at = time.monotonic()
        self._asked.set()

    def hurry(self) -> None:
        """Where it was asked a while ago: nothing but the batch is waited for any more."""
        if time.monotonic() - self._asked_at >= AGAIN_SECONDS:
            self._hurried.set()

    def wait(self, seconds: float) -> bool:
        """Returns after so long, or as soon as somebody asks: whether anybody has."""
        return self._asked.wait(seconds)

    def may_go_on(self, patience: float) -> bool:
        """Whether what is under way may still go on to its end, which takes less than `patience`
        seconds. The first answer that it may sets the time by which it must have."""
        if patience <= 0 or self._hurried.is_set():
            return False
        now = time.monotonic()
        if self._goes_on_until is None:
            self._goes_on_until = now + patience
            log.info("finishing the shard under way; Ctrl-C again to leave now")
        return now < self._goes_on_until

    def wait_out(self, grace_seconds: float) -> None:
        """Returns so long after it was asked, or was to have ended what it was allowed to, or was
        asked again."""
        until = self._asked_at + grace_seconds
        while (left := until - time.monotonic()) > 0:
            if self._hurried.wait(min(left, WATCH_SECONDS)):
                time.sleep(grace_seconds)
                return
            if self._goes_on_until is not None:
                until = max(until, self._goes_on_until + grace_seconds)
