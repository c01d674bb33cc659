"""A thread that does one thing after another, in the order in which it was asked to.

All forward passes go through one lane, whichever model they are of: a pass keeps every core (or the
device) busy by itself, so that two at once would each take longer than both in turn, and need twice
the memory. Models are loaded in a lane of their own, beside the passes of others.

The thread is no reason for the process to stay: a pass that does not end is left behind.
"""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class Lane:
    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        Thread(target=self._run, name=name, daemon=True).start()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Cancelling what is returned takes the work out of the queue, unless it has begun."""
        future: Future[T] = Future()
        self._jobs.put((future, work))
        return future

    def close(self) -> None:
        """The thread ends when it has done what was asked until now."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            _do(*job)
            del job  # it holds a model, maybe the last to do so


def _do(future: "Future[T]", work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whoever waits gets it
        future.set_exception(error)
    else:
        future.set_result(result)
