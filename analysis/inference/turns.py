"""The turns of one request in the lane: what is computed, message by message.

After each message the request goes to the end of the lane, so that a sweep of minutes holds up
nobody for longer than it needs for one message.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

import torch

from analysis.inference.lane import Lane
from analysis.inference.operations import Operation
from analysis.inference.refusing import Refused, refusal_of
from analysis.interventions.surroundings import Surroundings
from analysis.models.tracing import EditableModel
from analysis.protocol.base import Message
from analysis.protocol.experiments import Ran
from analysis.protocol.lines import line_of

T = TypeVar("T")


class Turns:
    """Made on the event loop; its work is done in the lane."""

    def __init__(
        self,
        operation: Operation,
        model: EditableModel,
        request: Message,
        around: Surroundings,
        *,
        free_memory: Callable[[], None],
    ) -> None:
        """`free_memory` is called when memory ran out."""
        self._operation = operation
        self._model = model
        self._request = request
        self._around = around
        self._free_memory = free_memory
        self._messages: Iterator[Message] | None = None
        self._asked_at = time.perf_counter()
        self.queue_seconds: float | None = None
        """Until its first turn."""
        self.model_seconds = 0.0
        self.over = False
        """Nothing is under way, and nothing can follow."""
        self.computing = False
        """In the lane's thread, at this moment."""

    @property
    def begun(self) -> bool:
        return self.queue_seconds is not None

    @property
    def streams(self) -> bool:
        return self._operation.run is None

    def submit(self, lane: Lane) -> "Future[bytes | None]":
        """One turn: the answer, or the next line; None: there is no more."""
        return lane.submit(partial(self._noted, self._take))

    def leave(self, lane: Lane) -> "Future[None]":
        """Gives up what is under way; after this the model is not touched any more."""
        return lane.submit(partial(self._noted, self._close))

    def _noted(self, work: Callable[[], T]) -> T:
        self.computing = True
        try:
            return work()
        finally:
            self.computing = False

    def _take(self) -> bytes | None:
        begun = time.perf_counter()
        if self.queue_seconds is None:
            self.queue_seconds = begun - self._asked_at
        try:
            self._around.check()
            message = self._compute()
            self.model_seconds += time.perf_counter() - begun
            return self._written(message)
        except Exception as error:  # noqa: BLE001 - told and logged by refusal_of
            self.model_seconds += time.perf_counter() - begun
            refusal = refusal_of(error)
        # the exception is gone, and with it the frames that hold what was being computed
        self._close()
        self.over = True
        if refusal.reason == "out_of_memory":
            self._free_memory()
        raise Refused(refusal)

    def _compute(self) -> Message | None:
        if self._operation.run is not None:
            return self._operation.run(self._model, self._request, self._around)
        if self._messages is None and self._operation.stream is not None:
            self._messages = self._operation.stream(self._model, self._request, self._around)
        message = None if self._messages is None else next(self._messages, None)
        if torch.is_inference_mode_enabled() or not torch.is_grad_enabled():
            raise RuntimeError(f"{self._operation.name} keeps a mode of torch over a yield")
        return message

    def _written(self, message: Message | None) -> bytes | None:
        if message is None:
            self.over = True
            return None
        told = self._timed(message)
        if self.streams:
            return line_of(told)
        self.over = True
        return told.model_dump_json().encode()

    def _timed(self, message: Message) -> Message:
        """The message with the times that only the service knows."""
        ran = getattr(message, "ran", None)
        if not isinstance(ran, Ran):
            return message
        times = {
            "queue_ms": round(1000 * (self.queue_seconds or 0.0), 3),
            "model_ms": round(1000 * self.model_seconds, 3),
        }
        return message.model_copy(update={"ran": ran.model_copy(update=times)})

    def _close(self) -> None:
        close = getattr(self._messages, "close", None)
        if close is not None:
            close()
        self._messages = None
