"""The durable queue underneath: DBOS, set up so that each worker runs exactly what it has claimed.

The job's row decides who runs a job (`app.store.queue`); DBOS remembers which of its steps are
done. Every worker has a queue of its own, and puts a job there when it has claimed it: new, or
resumed if some worker has begun it before. So no two workers can be handed the same job.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from dbos import error as errors
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from analysis.worker.interruptions import LeaseLost, StoreWaiting, reason_to_wait
from app.errors import UnavailableError
from app.settings import Settings, sqlite_url
from app.store.engine import make_private_file, make_private_folder
from app.store.failures import name_of

VERSION: Final = "1"
"""Of the workflow, not of the code: a newer Patchclamp goes on with an older one's jobs."""
QUEUE_PREFIX: Final = "worker-"
LOCKED_SECONDS: Final = 30.0
RECORD_SECONDS: Final = 1.0
"""For so long a worker that leaves waits until the end of its last job is recorded."""
LOOK_SECONDS: Final = 0.02
NOTICE_SECONDS: Final = 0.1
"""DBOS looks so often for messages, of which we send none, and whether it is to stop."""

_run: Callable[[str], None] | None = None


@DBOS.workflow(name="patchclamp_job")
def run_durably(job_id: str) -> None:
    if _run is None:
        raise RuntimeError("launch was not called")
    _run(job_id)


class Durable:
    """DBOS in this process; there can be one."""

    def __init__(self, settings: Settings, *, worker_id: str) -> None:
        self._settings = settings
        self._worker_id = worker_id
        self._queue_name = QUEUE_PREFIX + worker_id
        self._unrecorded: str | None = None
        """The job that runs or has ended last; None where it raised, so nothing is recorded."""

    def launch(self, run: Callable[[str], None]) -> None:
        """From now on what `start` is given is run, by `run(job_id)` in another thread."""
        global _run  # noqa: PLW0603 (DBOS finds workflows by name in the module)

        def run_noted(job_id: str) -> None:
            self._unrecorded = job_id
            try:
                run(job_id)
            except BaseException:
                self._unrecorded = None
                raise

        _run = run_noted
        try:
            self._launch()
        except (sqlite3.Error, DBAPIError) as error:
            cause = getattr(error, "orig", None) or error
            said = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
            raise UnavailableError(
                f"The queue of jobs, {queue_name(self._settings)}, cannot be used: {said}",
                hint="If it is damaged, move it away: jobs then begin again, and none is lost.",
            ) from error

    def _launch(self) -> None:
        url = queue_url(self._settings)
        if url.startswith("sqlite"):
            _use_wal(Path(str(make_url(url).database)))
        config: DBOSConfig = {
            "name": "patchclamp",
            "system_database_url": url,
            "serializer": DBOSPortableJSONSerializer(),
            "application_version": VERSION,
            "executor_id": self._worker_id,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": NOTICE_SECONDS,
            "log_level": "ERROR",
            "console_log_level": "ERROR",
        }
        DBOS(config=config)
        DBOS.listen_queues([self._queue_name])
        DBOS.launch()
        self._register()

    def start(self, job_id: str) -> None:
        """Runs a claimed job from its beginning, or from the step at which it was interrupted."""
        self._register()  # it may have been taken for dead, and its queue removed
        status = DBOS.get_workflow_status(job_id)
        if status is not None and status.status in ("SUCCESS", "ERROR"):
            # the row says that the job is not over, and the row is the truth
            DBOS.delete_workflow(job_id)
            status = None
        if status is None:
            with SetWorkflowID(job_id):
                DBOS.enqueue_workflow(self._queue_name, run_durably, job_id)
        else:
            DBOS.resume_workflows([job_id], queue_name=self._queue_name)

    def forget_queues(self, living: set[str]) -> None:
        """Removes the queues of workers that are gone; who claims their jobs resumes them."""
        for queue in DBOS.list_queues():
            worker_id = queue.name.removeprefix(QUEUE_PREFIX)
            if queue.name.startswith(QUEUE_PREFIX) and worker_id not in living:
                DBOS.delete_queue(queue.name)

    def _register(self) -> None:
        DBOS.register_queue(
            self._queue_name,
            polling_interval_sec=self._settings.poll_seconds,
            on_conflict="always_update",
        )

    def close(self) -> None:
        DBOS.delete_queue(self._queue_name)
        self._await_record()
        DBOS.destroy()  # its own wait sleeps for a second first

    def _await_record(self) -> None:
        """It is written a moment after the job's row; where it is not, the row is the truth."""
        until = time.monotonic() + RECORD_SECONDS
        while (job_id := self._unrecorded) is not None and time.monotonic() < until:
            status = DBOS.get_workflow_status(job_id)
            if status is None or status.status not in ("PENDING", "ENQUEUED"):
                return
            time.sleep(LOOK_SECONDS)


def run_step(name: str, function: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Inside the workflow: what `function` returns, or returned before an interruption."""
    try:
        return DBOS.run_step({"name": name}, function)
    except (errors.DBOSWorkflowConflictIDError, errors.DBOSWorkflowCancelledError):
        raise LeaseLost from None  # another worker has resumed the job
    except DBAPIError as error:  # its result could not be kept
        reason = reason_to_wait(error)
        if reason is None:
            raise
        raise StoreWaiting(reason) from error


def queue_url(settings: Settings) -> str:
    """PostgreSQL: the store's database, in its schema `dbos`; else a file in the data folder."""
    url = make_url(settings.url)
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql").render_as_string(hide_password=False)
    return sqlite_url(settings.data / "queue.sqlite")


def queue_name(settings: Settings) -> str:
    """Its file, or its server and database."""
    return name_of(make_url(queue_url(settings)))


def _use_wal(path: Path) -> None:
    """Readers and the writer of the queue do not wait for each other; kept in the file."""
    make_private_folder(path.parent)
    make_private_file(path)
    until = time.monotonic() + LOCKED_SECONDS
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=LOCKED_SECONDS)) as connection:
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)  # two workers begin at once: the pragma does not wait by itself
        else:
            return
