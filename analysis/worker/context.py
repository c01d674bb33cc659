"""What a job's function is given: its request, durable steps, progress, and when to stop.

The function calls `check_cancelled` once per batch; it is cheap, and it is where cancelling,
stopping and losing the lease take effect. What the function stores, it stores with `write`: the
transaction then counts only while the job is still ours.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from analysis.worker.failing import shorten
from analysis.worker.heartbeat import Lease
from analysis.worker.interruptions import (
    JobCancelled,
    LeaseLost,
    WorkerStopping,
    reason_to_wait,
)
from analysis.worker.rate import Rate
from analysis.worker.stopping import Stopping
from app.errors import UnavailableError
from app.settings import Settings
from app.store import queue
from app.store.engine import begin, open_session
from app.store.queue import LeaseLostError, Progress
from app.store.request_fields import Request

log = structlog.get_logger("patchclamp.worker")

POLL_SECONDS: Final = 0.5
FIRST_DELAY: Final = 0.25
LONGEST_DELAY: Final = 15.0

R = TypeVar("R", bound=Request)
T = TypeVar("T")

StepRunner = Callable[[str, Callable[[], Any]], Any]
"""Runs a named step and remembers its result; where it is remembered, returns that instead."""


class JobContext(Generic[R]):
    def __init__(
        self,
        request: R,
        *,
        engine: Engine,
        signals: Engine,
        settings: Settings,
        lease: Lease,
        stopping: Stopping,
        run_step: StepRunner,
    ) -> None:
        self.request = request
        self.engine = engine
        self.settings = settings
        self._signals = signals
        """The same store, but it gives up soon where the store is locked."""
        self._lease = lease
        self._claim = lease.claim
        self._stopping = stopping
        self._run_step = run_step
        self._polled_at = float("-inf")
        self._wrote_at = float("-inf")
        self._unwritten: Progress | None = None
        self._message: str | None = None
        self._rate = Rate()
        self._waiting_for: str | None = None
        self._writing = False
        self._cancellable = True

    @property
    def job_id(self) -> str:
        return self._claim.job_id

    def check_cancelled(self, patience: float = 0.0) -> None:
        """Leaves the job's function where it should not go on: raises an `Interruption`.

        With `patience`, a worker that is asked to stop does not leave here yet: for so many seconds
        what is under way may go on to its end. Being cancelled or asked twice ends it all the same.
        """
        if self._lease.lost:
            raise LeaseLost
        if self._stopping.asked and not self._stopping.may_go_on(patience):
            raise WorkerStopping
        if self._lease.overdue:
            self._make_sure_of_lease()
        if not self._cancellable or time.monotonic() - self._polled_at < POLL_SECONDS:
            return
        self._polled_at = time.monotonic()
        try:
            cancelled = queue.is_cancel_requested(self._signals, self._claim)
        except LeaseLostError:
            self._lease.lost = True
            raise LeaseLost from None
        except UnavailableError:
            return  # asked again soon
        if cancelled:
            raise JobCancelled

    def step(self, name: str, function: Callable[..., T], *args: Any) -> T:  # noqa: ANN401
        """What `function` returns, as JSON; after an interruption it is remembered, not redone.

        Steps must be called in the same order with the same names whenever the job runs. One that
        is interrupted runs again, so it must be able to. Where the disk is full or the store is
        locked it is tried again until it works.
        """
        self.check_cancelled()

        def run() -> Any:  # noqa: ANN401
            try:
                return json.loads(json.dumps(self.patiently(function, *args), allow_nan=False))
            except Exception as error:
                raise _StepFailed(error) from error  # so that DBOS does not keep it as an outcome

        try:
            return self._run_step(name, run)  # type: ignore[no-any-return]
        except _StepFailed as failed:
            raise failed.error from failed.error.__cause__

    def patiently(self, function: Callable[..., T], *args: Any) -> T:  # noqa: ANN401
        """What `function` returns; tried again for as long as store or disk cannot be written."""
        delay = FIRST_DELAY
        while True:
            try:
                result = function(*args)
            except LeaseLostError:
                self._lease.lost = True
                raise LeaseLost from None
            except Exception as error:
                reason = reason_to_wait(error)
                if reason is None:
                    raise
                log.warning("not written", job=self.job_id, error=str(error))
                self.wait(reason, delay)
                delay = min(2 * delay, LONGEST_DELAY)
            else:
                if self._waiting_for is not None:
                    self._waiting_for = None
                    self._tell(self._message, "resumed")
                return result

    def insist(self, function: Callable[[], None]) -> None:
        """As `patiently`, for the last word on a job: cancelling does not end the wait."""
        self._cancellable = False
        try:
            self.patiently(function)
        finally:
            self._cancellable = True

    def wait(self, reason: str, seconds: float) -> None:
        """Waits, says so on the job, and heeds `check_cancelled` meanwhile."""
        log.warning("job waits", job=self.job_id, reason=reason, seconds=seconds)
        if reason != self._waiting_for:
            self._waiting_for = reason
            self._tell(f"Waiting: {reason}", "waiting")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check_cancelled()
            self._stopping.wait(min(0.1, seconds))
        self.check_cancelled()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end, if the job is still ours.

        Inside, `progress` is only noted, for the store is locked by this very session.
        """
        with open_session(self.engine, commit=True) as session:
            self._fence(session)
            self._writing = True
            try:
                yield session
            finally:
                self._writing = False

    def write(self, function: Callable[[Session], T]) -> T:
        """What `function` returns, run in one transaction, tried again while the store is full."""

        def run() -> T:
            with self.transaction() as session:
                return function(session)

        return self.patiently(run)

    def progress(
        self, done: float, total: float | None, unit: str, message: str | None = None
    ) -> None:
        """How far the job is; written at most twice a second."""
        now = time.monotonic()
        rate = self._rate.update(now, done, unit)
        told = message != self._message
        self._message = message
        self._unwritten = Progress(done, total, unit, rate, shorten(message, self.settings))
        if not self._writing and (told or now - self._wrote_at >= POLL_SECONDS):
            self.flush()

    def flush(self) -> None:
        """Writes what `progress` was told last; where that fails, it is logged and goes on."""
        if self._unwritten is None:
            return
        self._wrote_at = time.monotonic()
        try:
            queue.write_progress(self._signals, self._claim, self._unwritten)
        except LeaseLostError:
            self._lease.lost = True
            raise LeaseLost from None
        except UnavailableError as error:
            log.warning("progress not written", job=self.job_id, reason=error.detail)
        else:
            self._unwritten = None

    def event(self, kind: str, data: dict[str, Any]) -> None:
        """Something that whoever watches the job should know, e.g. `published`."""
        if self._writing:
            raise RuntimeError("an event inside a transaction would wait for it forever")
        told = shorten(data, self.settings)
        self.patiently(queue.write_event, self._signals, self._claim, kind, told)

    def goes_on_from(self, done: float, unit: str) -> None:
        """Says of a job that was taken up again how much of it is behind us."""
        self.patiently(queue.say_from_where, self._signals, self._claim, done, unit)

    def _fence(self, session: Session) -> None:
        try:
            self._lease.keep(
                lambda: queue.renew(session, self._claim, lease_seconds=self._lease.seconds)
            )
        except LeaseLostError:
            raise LeaseLost from None

    def _make_sure_of_lease(self) -> None:
        """Another worker may have taken the job: goes on only when the store says it is ours."""
        while True:
            try:
                self._lease.renew(self._renew)
            except LeaseLostError:
                raise LeaseLost from None
            except UnavailableError as error:
                log.warning("lease not renewed", job=self.job_id, reason=error.detail)
            else:
                return
            if self._stopping.wait(POLL_SECONDS):
                raise WorkerStopping

    def _renew(self) -> None:
        with begin(self._signals) as connection:
            queue.renew(connection, self._claim, lease_seconds=self._lease.seconds)

    def _tell(self, message: str | None, kind: str) -> None:
        try:
            told = shorten(message, self.settings)
            queue.write_message(self._signals, self._claim, told, kind)
        except LeaseLostError:
            self._lease.lost = True
            raise LeaseLost from None
        except UnavailableError as error:
            log.warning("message not written", job=self.job_id, reason=error.detail)


class _StepFailed(BaseException):
    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error
