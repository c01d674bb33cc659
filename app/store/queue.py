"""The worker's side of the job table: take a job under a lease, write to it, end it.

A worker that takes a job owns it until `lease_until`, and goes on owning it by heartbeats. Every
write names the claim (worker and attempt): once another worker has taken the job over, the writes
of the old one change nothing and raise `LeaseLostError`. So a job is never run by two live workers
at once, and one that was stalled cannot spoil what its successor does.

Moments are the workers' own clocks: keep them within a fraction of the lease (NTP does).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, insert, select, update
from sqlalchemy.orm import Session

from app.store.ending import end_forgotten_runs, end_runs
from app.store.engine import begin
from app.store.queries.waiting import unattended
from app.store.tables.job import JobEventTable, JobTable, WorkerTable

CANDIDATES: Final = 8
TOLD_BEFORE: Final = "told_before"
GOES_ON_FROM: Final = "goes_on_from"
FORGOTTEN_AFTER: Final = timedelta(days=1)


class LeaseLostError(Exception):
    """The job belongs to another worker now, or has ended: stop and write nothing more."""


@dataclass(frozen=True)
class Claim:
    """One job, owned by one worker for one attempt."""

    job_id: str
    kind: str
    request: dict[str, Any]
    worker_id: str
    attempt: int
    taken_from: str | None
    """The worker that died with it, if that is how it came here."""


@dataclass(frozen=True)
class Progress:
    done: float
    total: float | None
    unit: str
    rate: float | None
    message: str | None


def register_worker(engine: Engine, *, worker_id: str, host: str, process: int) -> None:
    now = datetime.now(UTC)
    with begin(engine) as connection:
        connection.execute(
            insert(WorkerTable).values(
                id=worker_id, host=host, process=process, started_at=now, heartbeat_at=now
            )
        )
        connection.execute(
            delete(WorkerTable).where(WorkerTable.heartbeat_at < now - FORGOTTEN_AFTER)
        )
        end_forgotten_runs(connection)


def forget_worker(engine: Engine, *, worker_id: str) -> None:
    with begin(engine) as connection:
        connection.execute(delete(WorkerTable).where(WorkerTable.id == worker_id))


def beat(engine: Engine, *, worker_id: str, claim: Claim | None, lease_seconds: float) -> None:
    """Says that the worker lives, and renews its lease. Raises LeaseLostError where it is gone."""
    now = datetime.now(UTC)
    with begin(engine) as connection:
        connection.execute(
            update(WorkerTable).where(WorkerTable.id == worker_id).values(heartbeat_at=now)
        )
        if claim is not None:
            renew(connection, claim, lease_seconds=lease_seconds)


def claim_next(
    engine: Engine, *, worker_id: str, kinds: list[str], lease_seconds: float
) -> Claim | None:
    """The oldest job that waits, or whose worker is dead, now owned by this worker."""
    now = datetime.now(UTC)
    free = unattended(now)
    with engine.connect() as connection:
        candidates = connection.execute(
            select(JobTable.id, JobTable.status, JobTable.worker_id, JobTable.attempts)
            .where(free, JobTable.kind.in_(kinds))
            .order_by(JobTable.created_at, JobTable.id)
            .limit(CANDIDATES)
        ).all()
    for job_id, status, owner, attempts in candidates:
        claim = _take(
            engine,
            job_id,
            seen=and_(free, JobTable.status == status, JobTable.attempts == attempts),
            worker_id=worker_id,
            taken_from=owner if status == "running" else None,
            lease_until=now + timedelta(seconds=lease_seconds),
        )
        if claim is not None:
            return claim
    return None


def renew(on: Connection | Session, claim: Claim, *, lease_seconds: float) -> None:
    """Renews the lease in the caller's transaction, so that what it writes counts only if owned."""
    until = datetime.now(UTC) + timedelta(seconds=lease_seconds)
    _owned(on, claim, lease_until=until)


def is_cancel_requested(engine: Engine, claim: Claim) -> bool:
    """Cheap: one row by key, no write. Raises LeaseLostError where the job is another's."""
    with engine.connect() as connection:
        row = connection.execute(
            select(JobTable.cancel_requested).where(*_mine(claim))
        ).one_or_none()
    if row is None:
        raise LeaseLostError(claim.job_id)
    return bool(row.cancel_requested)


def write_progress(engine: Engine, claim: Claim, progress: Progress) -> None:
    values: dict[str, Any] = {
        "done": progress.done,
        "total": progress.total,
        "unit": progress.unit,
        "rate": progress.rate,
        "message": progress.message,
    }
    with begin(engine) as connection:
        _owned(connection, claim, **values)
        event = _note(connection, claim.job_id, "progress", values)
        connection.execute(
            delete(JobEventTable).where(
                JobEventTable.job_id == claim.job_id,
                JobEventTable.kind == "progress",
                JobEventTable.id < event,
            )
        )


def write_message(engine: Engine, claim: Claim, message: str | None, kind: str) -> None:
    """Says on the job what it is waiting for, with an event of the given kind."""
    with begin(engine) as connection:
        _owned(connection, claim, message=message)
        _note(connection, claim.job_id, kind, {"message": message})


def write_event(engine: Engine, claim: Claim, kind: str, data: dict[str, Any]) -> None:
    with begin(engine) as connection:
        _owned(connection, claim, worker_id=claim.worker_id)
        _note(connection, claim.job_id, kind, data)


def say_from_where(engine: Engine, claim: Claim, done: float, unit: str) -> None:
    """Completes the event of this claim's resuming: how much is really behind it.

    What the job had told before may be more than what outlived its worker. The event comes anew,
    for those who watch; on a first attempt there is none, and nothing is written.
    """
    query = (
        select(JobEventTable.id, JobEventTable.data)
        .where(JobEventTable.job_id == claim.job_id, JobEventTable.kind == "resumed")
        .order_by(JobEventTable.id.desc())
    )
    with begin(engine) as connection:
        _owned(connection, claim, worker_id=claim.worker_id)
        for event, data in connection.execute(query).all():
            if data.get("worker") == claim.worker_id:
                _note(connection, claim.job_id, "resumed", data | {GOES_ON_FROM: {unit: done}})
                connection.execute(delete(JobEventTable).where(JobEventTable.id == event))
                return


def finish(
    engine: Engine,
    claim: Claim,
    status: Literal["succeeded", "failed", "cancelled"],
    *,
    result: dict[str, Any] | None = None,
    error: str | None = None,
    traceback: str | None = None,
) -> None:
    """The job has ended, and with it whatever it has left running."""
    with begin(engine) as connection:
        _owned(
            connection,
            claim,
            status=status,
            finished_at=datetime.now(UTC),
            lease_until=None,
            message=None,
            result=result,
            error=error,
            traceback=traceback,
        )
        end_runs(
            connection,
            job_id=claim.job_id,
            status="cancelled" if status == "cancelled" else "failed",
        )
        told: dict[str, dict[str, Any]] = {
            "succeeded": {"result": result},
            "failed": {"error": error},
        }
        _note(connection, claim.job_id, status, told.get(status, {}))


def hand_back(engine: Engine, claim: Claim, reason: str) -> None:
    """Queued again, for whichever worker is free; it goes on at the step that was interrupted."""
    with begin(engine) as connection:
        _owned(
            connection,
            claim,
            status="queued",
            worker_id=None,
            lease_until=None,
            rate=None,
            message=reason,
        )
        _note(connection, claim.job_id, "queued", {"reason": reason})
        cancelled = connection.execute(
            update(JobTable)
            .where(JobTable.id == claim.job_id, JobTable.cancel_requested)
            .values(status="cancelled", finished_at=datetime.now(UTC), message=None)
            .returning(JobTable.id)
        ).all()
        if cancelled:
            end_runs(connection, job_id=claim.job_id, status="cancelled")
            _note(connection, claim.job_id, "cancelled", {})


def count_deaths(engine: Engine, claim: Claim) -> int:
    """How many workers in a row died with this job while it did not get further than before."""
    query = (
        select(JobEventTable.data)
        .where(JobEventTable.job_id == claim.job_id, JobEventTable.kind == "resumed")
        .order_by(JobEventTable.id)
    )
    with engine.connect() as connection:
        told = connection.execute(query).scalars().all()
    n = 0
    furthest: dict[str | None, float] = {}
    for data in told:
        if "worker" not in data:
            continue  # it went on after waiting for the disk, in the same hands
        unit, done = next(iter(data[TOLD_BEFORE].items()), (None, 0.0))
        further = done > furthest.get(unit, -1.0)
        n = 0 if data["dead_worker"] is None else 1 if further else n + 1
        furthest[unit] = max(done, furthest.get(unit, done))
    return n


def _take(
    engine: Engine,
    job_id: str,
    *,
    seen: ColumnElement[bool],
    worker_id: str,
    taken_from: str | None,
    lease_until: datetime,
) -> Claim | None:
    """The claim, unless another worker was faster: one conditional update decides."""
    now = datetime.now(UTC)
    with begin(engine) as connection:
        row = connection.execute(
            update(JobTable)
            .where(JobTable.id == job_id, seen)
            .values(
                status="running",
                worker_id=worker_id,
                lease_until=lease_until,
                attempts=JobTable.attempts + 1,
                message=None,
                rate=None,
            )
            .returning(
                JobTable.kind, JobTable.request, JobTable.attempts, JobTable.done, JobTable.unit
            )
        ).one_or_none()
        if row is None:
            return None
        if row.attempts == 1:
            connection.execute(update(JobTable).where(JobTable.id == job_id).values(started_at=now))
            _note(connection, job_id, "started", {"worker": worker_id})
        else:
            told = {} if row.done is None else {row.unit: row.done}
            data = {"worker": worker_id, "dead_worker": taken_from, TOLD_BEFORE: told}
            _note(connection, job_id, "resumed", data)
    return Claim(job_id, row.kind, row.request, worker_id, row.attempts, taken_from)


def _mine(claim: Claim) -> tuple[Any, ...]:
    return (
        JobTable.id == claim.job_id,
        JobTable.status == "running",
        JobTable.worker_id == claim.worker_id,
        JobTable.attempts == claim.attempt,
    )


def _owned(on: Connection | Session, claim: Claim, **values: object) -> None:
    """Changes the job's row, which also locks it until the transaction ends."""
    row = on.execute(
        update(JobTable).where(*_mine(claim)).values(**values).returning(JobTable.id)
    ).one_or_none()
    if row is None:
        raise LeaseLostError(claim.job_id)


def _note(connection: Connection, job_id: str, kind: str, data: dict[str, Any]) -> int:
    statement = insert(JobEventTable).values(
        job_id=job_id, at=datetime.now(UTC), kind=kind, data=data
    )
    return int(connection.execute(statement.returning(JobEventTable.id)).scalar_one())
