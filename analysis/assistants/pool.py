"""Threads that ask, of which a process that wants to leave does not wait for the end.

The standard library's pool makes an ending process wait for whatever still runs in it: here that is
an answer which may take minutes and which nobody is waiting for any more.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class AskingPool:
    """So many threads at most; they end with `close`, or with the process."""

    def __init__(self, size: int) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"assistant-{number}", daemon=True)
            for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Callable[P, R], *args: P.args, **named: P.kwargs) -> Future[R]:
        future: Future[R] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(task(*args, **named))
            except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
                future.set_exception(error)

        self._tasks.put(run)
        return future

    def close(self) -> None:
        """Lets the threads end after what was submitted before; waits for none."""
        for _ in self._threads:
            self._tasks.put(None)

    def _work(self) -> None:
        while task := self._tasks.get():
            task()
