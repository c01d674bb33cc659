"""The worker: takes jobs one at a time, runs them durably, stops when it is asked to.

What can happen to a job that this process has taken:

- its function returns or raises: the row says succeeded or failed, with result or traceback;
- somebody cancels it: its next `check_cancelled` ends it;
- the process is asked to stop (SIGTERM, Ctrl-C): the batch, or a sweep's shard, is finished, the
  job is queued again; asked a second time it finishes its batch only;
- the process dies: the lease runs out, another worker takes the job and goes on at the same step;
- the disk is full or the store is locked: the job waits and is tried again.
"""

import gc
import os
import signal
import socket
import sys
import threading
import uuid
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final, Literal

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from analysis.worker.context import FIRST_DELAY, LONGEST_DELAY, JobContext
from analysis.worker.durable import Durable, run_step
from analysis.worker.failing import explain, shorten, traceback_of
from analysis.worker.heartbeat import Heartbeat, Lease
from analysis.worker.interruptions import (
    JobCancelled,
    LeaseLost,
    StoreWaiting,
    WorkerStopping,
    reason_to_wait,
)
from analysis.worker.jobs import JobKind, JobKinds
from analysis.worker.stopping import WATCH_SECONDS, Stopping
from app.errors import UnavailableError
from app.settings import Settings
from app.store import queue
from app.store.engine import open_engine, open_session
from app.store.queries.job import list_living_workers
from app.store.queue import Claim, LeaseLostError

log = structlog.get_logger("patchclamp.worker")

GRACE_SECONDS: Final = 10.0
"""After this long without the end of a batch, a worker that was asked to stop just goes."""
MOST_DEATHS: Final = 8
IMPATIENT_SECONDS: Final = 5.0

Outcome = Literal["ended", "handed back", "lost", "waiting"]


@dataclass
class Execution:
    """One claimed job in this process."""

    context: JobContext[Any]
    kind: JobKind[Any]
    lease: Lease
    over: threading.Event = field(default_factory=threading.Event)
    begun: bool = False
    outcome: Outcome = "lost"
    reason: str = ""

    @property
    def claim(self) -> Claim:
        return self.lease.claim


class Worker:
    def __init__(
        self, settings: Settings, kinds: JobKinds, *, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self.id = uuid.uuid4().hex  # shown on pages: it says nothing of the host
        self._settings = settings
        self._kinds = kinds
        self._lease_seconds = settings.lease_seconds
        self._grace_seconds = grace_seconds
        self._engine = open_engine(settings)
        self._signals = open_engine(
            settings, busy_seconds=min(IMPATIENT_SECONDS, settings.lease_seconds / 4)
        )
        self._stopping = Stopping()
        self._durable = Durable(settings, worker_id=self.id)
        self._heartbeat = Heartbeat(
            self._signals, worker_id=self.id, lease_seconds=settings.lease_seconds
        )
        self._execution: Execution | None = None

    def run(self, *, until_idle: bool = False) -> None:
        """Works until `stop` is called, or until no job is left where `until_idle` is given."""
        queue.register_worker(
            self._engine, worker_id=self.id, host=socket.gethostname(), process=os.getpid()
        )
        self._heartbeat.start()
        self._durable.launch(self._run_claimed)
        self._forget_dead()
        for kind in self._kinds:
            self._tidy(kind)
        log.info("worker ready", worker=self.id, process=os.getpid(), kinds=self._kinds.names)
        try:
            while not self._stopping.asked:
                claim = self._claim()
                if claim is not None:
                    self._execute(claim)
                elif until_idle:
                    return
                else:
                    self._stopping.wait(self._settings.poll_seconds)
        finally:
            self._close()

    def stop(self) -> None:
        """Asks the worker to finish its batch, hand its job back and return from `run`."""
        if self._stopping.asked:
            return
        self._stopping.ask()
        threading.Thread(target=self._leave_after_grace, name="grace", daemon=True).start()

    def stop_on_signals(self) -> None:
        def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
            log.info("worker stopping", signal=signal.Signals(number).name)
            self._stopping.hurry()
            self.stop()

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)

    def _claim(self) -> Claim | None:
        try:
            return queue.claim_next(
                self._engine,
                worker_id=self.id,
                kinds=self._kinds.names,
                lease_seconds=self._lease_seconds,
            )
        except UnavailableError as error:
            log.warning("no jobs can be taken", reason=error.detail, hint=error.hint)
            self._stopping.wait(1.0)
            return None

    def _execute(self, claim: Claim) -> None:
        """Runs a claimed job until it has ended, or is no longer this worker's."""
        log.info("job taken", job=claim.job_id, kind=claim.kind, attempt=claim.attempt)
        kind = self._kinds[claim.kind]
        try:
            request = kind.request.model_validate(claim.request)
        except ValidationError as error:
            self._refuse(claim, error)
            return
        lease = Lease(claim, self._lease_seconds)
        context: JobContext[Any] = JobContext(
            request,
            engine=self._engine,
            signals=self._signals,
            settings=self._settings,
            lease=lease,
            stopping=self._stopping,
            run_step=run_step,
        )
        self._heartbeat.hold(lease)
        execution = Execution(context, kind, lease)
        self._execution = execution
        delay = FIRST_DELAY
        try:
            while self._attempt(execution) == "waiting":
                context.wait(execution.reason, delay)
                delay = min(2 * delay, LONGEST_DELAY)
        except WorkerStopping:
            self._hand_back(execution)
        except JobCancelled:
            self._finish(execution, "cancelled")
        except LeaseLost:
            log.warning("job lost to another worker", job=claim.job_id)
        finally:
            self._execution = None
            self._heartbeat.hold(None)
        if execution.outcome == "ended":
            self._tidy(kind)
        log.info("job left", job=claim.job_id, outcome=execution.outcome)
        del context, execution
        free_memory()

    def _attempt(self, execution: Execution) -> Outcome:
        """Gives the job to the durable queue and waits for what comes of it."""
        execution.over.clear()
        execution.begun, execution.outcome = False, "lost"
        try:
            self._durable.start(execution.claim.job_id)
        except DBAPIError as error:
            reason = reason_to_wait(error)
            if reason is None:
                raise
            log.warning("not queued", job=execution.claim.job_id, error=str(error))
            execution.outcome, execution.reason = "waiting", reason
            return "waiting"
        while not execution.over.wait(WATCH_SECONDS):
            if not execution.begun:  # the durable queue takes its time: perhaps its disk is full
                execution.context.check_cancelled()
        return execution.outcome

    def _run_claimed(self, job_id: str) -> None:
        """The durable workflow: raises, so that nothing is recorded, unless the job has ended."""
        execution = self._execution
        if execution is None or execution.claim.job_id != job_id:
            raise LeaseLost  # an old entry of this worker's queue
        execution.begun = True
        try:
            try:
                self._run_job(execution)
            except JobCancelled:
                self._finish(execution, "cancelled")
        except WorkerStopping:
            self._hand_back(execution)
            raise
        except StoreWaiting as waiting:
            execution.outcome, execution.reason = "waiting", waiting.reason
            raise
        except LeaseLost:
            log.warning("job lost to another worker", job=job_id)
            raise
        finally:
            execution.over.set()

    def _run_job(self, execution: Execution) -> None:
        context, claim = execution.context, execution.claim
        try:
            context.check_cancelled()
            deaths = queue.count_deaths(self._signals, claim)
            if deaths >= MOST_DEATHS:
                self._finish(execution, "failed", error=_too_many_deaths(deaths))
                return
            result = execution.kind.run(context)
            context.flush()
        except Exception as error:
            reason = reason_to_wait(error)
            if reason is not None:
                log.warning("not written", job=claim.job_id, error=str(error))
                raise StoreWaiting(reason) from error
            log.warning("job failed", job=claim.job_id, error=explain(error))
            self._finish(
                execution,
                "failed",
                error=shorten(explain(error, public=True), self._settings),
                traceback=traceback_of(error, self._settings),
            )
        else:
            self._finish(execution, "succeeded", result=shorten(result, self._settings))

    def _refuse(self, claim: Claim, error: ValidationError) -> None:
        queue.finish(
            self._engine,
            claim,
            "failed",
            error="Its request is not understood by this version. Ask for the job again.",
            traceback=shorten(str(error), self._settings),
        )

    def _finish(
        self,
        execution: Execution,
        status: Literal["succeeded", "failed", "cancelled"],
        **what: Any,  # noqa: ANN401
    ) -> None:
        execution.context.insist(
            lambda: queue.finish(self._engine, execution.claim, status, **what)
        )
        execution.outcome = "ended"

    def _hand_back(self, execution: Execution) -> None:
        """Queued again; where even that cannot be written, the lease will run out by itself."""
        execution.outcome = "handed back"
        try:
            queue.hand_back(
                self._signals,
                execution.claim,
                "Its worker was stopped; it goes on when one is free.",
            )
        except (LeaseLostError, UnavailableError) as error:
            log.warning("job not handed back", job=execution.claim.job_id, reason=str(error))

    def _tidy(self, kind: JobKind[Any]) -> None:
        """What cannot be removed now is removed another time; no worker ends for it."""
        if kind.tidy is None:
            return
        try:
            kind.tidy(self._engine, self._settings)
        except Exception as error:  # noqa: BLE001
            log.warning("not tidied up", kind=kind.name, reason=explain(error))

    def _forget_dead(self) -> None:
        with open_session(self._engine) as session:
            living = list_living_workers(session, lease_seconds=10 * self._lease_seconds)
        self._durable.forget_queues(living | {self.id})

    def _leave_after_grace(self) -> None:
        self._stopping.wait_out(self._grace_seconds)
        execution = self._execution
        if execution is not None:
            self._hand_back(execution)  # from now on its writes change nothing
        log.warning("worker leaves in the middle of a batch", worker=self.id)
        os._exit(0)

    def _close(self) -> None:
        self._heartbeat.stop()
        for what in (self._durable.close, self._forget_me):
            try:
                what()
            except (DBAPIError, UnavailableError) as error:
                log.warning("not tidied up", reason=str(error))
        self._signals.dispose()
        self._engine.dispose()
        log.info("worker stopped", worker=self.id)

    def _forget_me(self) -> None:
        queue.forget_worker(self._engine, worker_id=self.id)


def free_memory() -> None:
    """Gives back what the last job held, at once: a model's parts refer to each other."""
    gc.collect()
    torch = sys.modules.get("torch")  # a worker whose jobs do without it does not load it
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _too_many_deaths(n: int) -> str:
    return (
        f"{n} workers in a row died at the same place of this job, perhaps for want of memory. "
        "Look at the system's log, ask for smaller batches or fewer samples, and start it again."
    )
