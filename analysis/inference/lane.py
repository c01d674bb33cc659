"""A thread that does one thing after another, in the order in which it was asked to.

All forward passes go through one lane, whichever model they are of: a pass keeps every core (or the
device) busy by itself, so that two at once would each take longer than both in turn, and need twice
the memory. Models are loaded in a lane of their own, beside the passes of others.

The thread is no reason for the process to stay: a pass that does not end is left behind.
"""

import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

T = TypeVar("T")

INNERMOST: Final = 6


class Lane:
    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Cancelling what is returned takes the work out of the queue, unless it has begun."""
        future: Future[T] = Future()
        self._jobs.put((future, work))
        return future

    def place(self) -> str:
        """Where in the code its thread is: the innermost functions first."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        frames = reversed(traceback.extract_stack(frame, INNERMOST)) if frame else ()
        return ", ".join(f"{one.name} ({Path(one.filename).name}:{one.lineno})" for one in frames)

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
