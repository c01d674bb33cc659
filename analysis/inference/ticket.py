"""One request under way: how long it may take, and whether somebody still waits for it."""

import asyncio
import time
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from analysis.inference.refusing import Refused
from analysis.protocol.refusals import Refusal

T = TypeVar("T")

GRACE_SECONDS: Final = 2.0
"""So long an answer waits for a computation that was asked to end; it ends at its next layer."""


class Ticket:
    """Made and ended on the event loop; `check` is called from the thread that computes."""

    def __init__(self) -> None:
        self._ended: asyncio.Future[Refusal] = asyncio.get_running_loop().create_future()
        self._refusal: Refusal | None = None
        self._until = float("inf")
        self._seconds = 0.0

    def begin(self, seconds: float) -> None:
        """The model is there: from now on the time counts."""
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def end(self, refusal: Refusal) -> None:
        """Nobody waits any more, or nobody should; the first reason stays."""
        if self._refusal is None:
            self._refusal = refusal
            self._ended.set_result(refusal)

    @property
    def left(self) -> float:
        """Seconds; none less than 0."""
        return max(self._until - time.monotonic(), 0.0)

    def check(self) -> None:
        """Refused: it has ended, or its time is up."""
        if self._refusal is not None:
            raise Refused(self._refusal)
        if time.monotonic() > self._until:
            raise Refused(self._too_slow())

    async def wait_for(self, job: "asyncio.Future[T]", *, seconds: float | None = None) -> T:
        """What the job comes to, which goes on by itself after Refused (the ticket ended first, or
        the time was up) and TimeoutError (after `seconds`)."""
        left = self.left if seconds is None else seconds
        timeout = None if left == float("inf") else left
        either: set[asyncio.Future[Any]] = {job, self._ended}
        await asyncio.wait(either, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if job.done():
            return job.result()
        if self._refusal is not None:
            raise Refused(self._refusal)
        if seconds is not None:
            raise TimeoutError
        raise Refused(self._too_slow())

    async def computed(self, job: "Future[T]") -> T:
        """What a job of a lane comes to. Refused: the ticket ended first. The job is then taken
        out of the lane where it had not begun, and else given a moment to end."""
        result = asyncio.wrap_future(job)
        result.add_done_callback(_heed)
        try:
            return await self.wait_for(result)
        except Refused:
            if not result.done() and not job.cancel():
                await asyncio.wait({result}, timeout=GRACE_SECONDS)
            raise

    def _too_slow(self) -> Refusal:
        return Refusal(
            reason="too_slow",
            detail=f"This took longer than the {self._seconds:g} seconds that a request may take.",
            hint="Take a shorter prompt or fewer edits; PATCHCLAMP_INFERENCE_SECONDS and, for "
            "sweeps, PATCHCLAMP_INFERENCE_SWEEP_SECONDS set how long it may take.",
        )


def _heed(result: "asyncio.Future[T]") -> None:
    """Else asyncio would say that nobody looked at an exception, which its ticket has told."""
    if not result.cancelled():
        result.exception()
