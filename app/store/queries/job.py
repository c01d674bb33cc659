"""Jobs as the interface sees them: list, look at, ask for, cancel.

A committed row with status `queued` is the request itself: workers look for such rows, so nothing
else has to be told and nothing is lost between two places. What a worker writes to its job is in
`app.store.queue`.
"""

import base64
import binascii
import uuid
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import and_, false, func, insert, or_, select, update
from sqlalchemy.orm import Session, defer

from app.errors import BadRequestError, ConflictError, NotFoundError, TooManyError
from app.store.audit.noting import note
from app.store.checking_requests import check_request
from app.store.ending import end_runs
from app.store.paging import LARGEST_CURSOR, check_limit, is_name
from app.store.queries.waiting import unattended, waiting_of
from app.store.request_fields import Request
from app.store.requests import PrepareDemoRequest
from app.store.tables.job import JobEventTable, JobTable, WorkerTable
from app.store.timing import is_estimating, seconds_left
from app.store.views.base import Page
from app.store.views.job import JobEventView, JobRow, JobView, ProgressView

DemoState = Literal["absent", "preparing", "sweeping", "swept"]
STATES: Final = ("queued", "running", "succeeded", "failed", "cancelled")
LARGEST_READING: Final = 1000
LONGEST_ERROR: Final = 300
"""Characters of a failure's sentence in a list."""
RETRY_SECONDS: Final = 60
LINE: Final = tuple(
    defer(column, raiseload=True)
    for column in (JobTable.request, JobTable.traceback, JobTable.result)
)


def list_jobs(
    session: Session,
    *,
    status: str | None = None,
    model: str | None = None,
    models: Collection[str] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[JobRow]:
    """Newest first; `models`: only of these, and none that is of no model."""
    if status is not None and status not in STATES:
        raise BadRequestError(
            f"There is no job state {status!r}.", hint=f"Use one of {', '.join(STATES)}."
        )
    check_limit(limit)
    newest_first = (JobTable.created_at.desc(), JobTable.id.desc())
    query = select(JobTable).options(*LINE).order_by(*newest_first)
    if status is not None:
        query = query.where(JobTable.status == status)
    if model is not None:
        query = query.where(JobTable.model_name == model if is_name(model) else false())
    if models is not None:
        query = query.where(JobTable.model_name.in_(models))
    if cursor is not None:
        at, job_id = _read_cursor(cursor)
        query = query.where(
            or_(
                JobTable.created_at < at,
                and_(JobTable.created_at == at, JobTable.id < job_id),
            )
        )
    rows = session.scalars(query.limit(limit + 1)).all()
    items = [JobRow(**_line(row, longest_error=LONGEST_ERROR)) for row in rows[:limit]]
    more = len(rows) > limit
    return Page[JobRow](items=items, next_cursor=_write_cursor(items[-1]) if more else None)


def get_job(session: Session, *, job_id: str) -> JobView:
    row = None
    if is_name(job_id):
        query = select(JobTable).where(JobTable.id == job_id)
        # it may have been read before in this session, and changed since
        row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise no_job(job_id)
    return JobView(
        **_line(row),
        request=row.request,
        traceback=row.traceback,
        result=row.result,
        waiting=waiting_of(session, row),
    )


def no_job(job_id: str) -> NotFoundError:
    hint = "Look at /jobs, or run `patchclamp jobs`."
    return NotFoundError(f"There is no job {job_id}.", hint=hint)


def create_job(
    session: Session, *, request: Request, actor: str, most_queued: int | None = None
) -> JobView:
    """The queued job of somebody who asks for it: `queue_job`, and a note in the audit log."""
    job = queue_job(session, request=request, actor=actor, most_queued=most_queued)
    note(
        session, actor=actor, action="job.created", model=job.model, subject=f"job {job.id}",
        after=job.request,
    )  # fmt: skip
    return job


def queue_job(
    session: Session, *, request: Request, actor: str, most_queued: int | None = None
) -> JobView:
    """The queued job; it exists once the caller commits, and then no crash loses it. What follows
    from another job is asked for by nobody: only the log of jobs tells of it.

    Raises NotFoundError where the request names a model, corpus, sweep or task that is not there,
    BadRequestError where its run is no sweep of its model, ConflictError where its slug is taken
    or another job wants it, TooManyError where `most_queued` jobs wait already.
    """
    fields = request.model_dump(mode="json")
    kind = fields["kind"]
    check_request(session, request)
    if most_queued is not None:
        _check_room(session, most_queued)
    job_id = uuid.uuid4().hex
    now = datetime.now(UTC)
    session.execute(
        insert(JobTable).values(
            id=job_id,
            kind=kind,
            status="queued",
            request=fields,
            model_name=fields.get("model"),
            created_by=actor,
            created_at=now,
            cancel_requested=False,
            attempts=0,
        )
    )
    _note(session, job_id, now, "queued", {"actor": actor})
    return get_job(session, job_id=job_id)


def request_cancel(session: Session, *, job_id: str, actor: str) -> JobView:
    """The job, cancelled if no live worker has it, else asked to stop; it does within a batch.

    Asking twice changes nothing. Raises ConflictError where the job has already ended otherwise.
    """
    if not is_name(job_id):
        return get_job(session, job_id=job_id)  # which says that it is not there
    now = datetime.now(UTC)
    # writes come first: a transaction that turns from reading to writing can fail on SQLite
    ended = session.execute(
        update(JobTable)
        .where(JobTable.id == job_id, unattended(now))
        .values(status="cancelled", cancel_requested=True, finished_at=now, message=None)
        .returning(JobTable.id)
    ).all()
    if ended:
        end_runs(session, job_id=job_id, status="cancelled")
        _note(session, job_id, now, "cancelled", {"actor": actor})
        return _cancelled(session, job_id, actor, "cancelled")
    asked = session.execute(
        update(JobTable)
        .where(JobTable.id == job_id, JobTable.status == "running", ~JobTable.cancel_requested)
        .values(cancel_requested=True)
        .returning(JobTable.id)
    ).all()
    if asked:
        _note(session, job_id, now, "cancelling", {"actor": actor})
        return _cancelled(session, job_id, actor, "asked to stop")
    job = get_job(session, job_id=job_id)
    if job.status in ("succeeded", "failed"):
        raise ConflictError(
            f"Job {job_id} has already {job.status}; it cannot be cancelled.",
            hint="Nothing needs to be done.",
        )
    return job


def list_events(
    session: Session, *, job_id: str, after: int = 0, limit: int = 500
) -> list[JobEventView]:
    """What happened, in order; of `progress` only the newest is kept."""
    check_limit(limit, LARGEST_READING)
    rows = session.scalars(
        select(JobEventTable)
        .where(JobEventTable.job_id == job_id, JobEventTable.id > after)
        .order_by(JobEventTable.id)
        .limit(limit)
    )
    return [
        JobEventView(id=row.id, job_id=row.job_id, at=row.at, kind=row.kind, data=row.data)
        for row in rows
    ]


def newest_event(session: Session, *, job_id: str) -> int:
    """The id of the job's last event so far; 0 where there is none."""
    query = select(func.max(JobEventTable.id)).where(JobEventTable.job_id == job_id)
    return session.scalar(query) or 0


def resolve_job_id(session: Session, *, beginning: str) -> str:
    """The one job whose id begins so. Raises NotFoundError, or BadRequestError for several."""
    found = list(
        session.scalars(
            select(JobTable.id)
            .where(JobTable.id.startswith(beginning, autoescape=True))
            .order_by(JobTable.id)
            .limit(2)
        )
        if is_name(beginning) and beginning
        else ()
    )
    if len(found) > 1:
        raise BadRequestError(
            f"Several jobs begin with {beginning}.", hint="Give more of the job's id."
        )
    return found[0] if found else get_job(session, job_id=beginning).id


def state_of_demo(session: Session, *, request: PrepareDemoRequest) -> DemoState:
    """How far the demo is: `swept` once it has numbers, `absent` where nothing is under way."""
    query = select(JobTable.kind, JobTable.status).where(
        JobTable.model_name == request.model,
        or_(
            and_(JobTable.kind == "sweep", JobTable.status.in_(("queued", "running", "succeeded"))),
            and_(JobTable.kind == request.kind, JobTable.status.in_(("queued", "running"))),
        ),
    )
    found = {(row.kind, row.status) for row in session.execute(query.distinct())}
    if ("sweep", "succeeded") in found:
        return "swept"
    if any(kind == "sweep" for kind, _ in found):
        return "sweeping"
    return "preparing" if found else "absent"


def list_living_workers(session: Session, *, lease_seconds: float) -> set[str]:
    """Workers that were heard of within the last lease; none means that queued jobs wait."""
    since = datetime.now(UTC) - timedelta(seconds=lease_seconds)
    return set(session.scalars(select(WorkerTable.id).where(WorkerTable.heartbeat_at >= since)))


def _cancelled(session: Session, job_id: str, actor: str, after: str) -> JobView:
    job = get_job(session, job_id=job_id)
    note(
        session, actor=actor, action="job.cancelled", model=job.model, subject=f"job {job_id}",
        after={"status": after},
    )  # fmt: skip
    return job


def _check_room(session: Session, most: int) -> None:
    queued = select(func.count()).select_from(JobTable).where(JobTable.status == "queued")
    waiting = session.scalar(queued)
    if (waiting or 0) >= most:
        raise TooManyError(
            f"{waiting} jobs wait already; no more are taken.",
            hint="Cancel some, wait until workers have done some, or set "
            "PATCHCLAMP_MOST_QUEUED_JOBS higher.",
            retry_after=RETRY_SECONDS,
        )


def _note(session: Session, job_id: str, at: datetime, kind: str, data: dict[str, Any]) -> None:
    session.execute(insert(JobEventTable).values(job_id=job_id, at=at, kind=kind, data=data))


def _line(row: JobTable, *, longest_error: int | None = None) -> dict[str, Any]:
    """The fields of a line; a longer error ends with an ellipsis."""
    error = row.error
    if error is not None and longest_error is not None and len(error) > longest_error:
        error = error[: longest_error - 1] + "…"
    return {
        "id": row.id,
        "kind": row.kind,
        "status": row.status,
        "model": row.model_name,
        "progress": ProgressView(
            done=row.done,
            total=row.total,
            unit=row.unit,
            rate=row.rate,
            seconds_left=seconds_left(
                status=row.status, done=row.done, total=row.total, rate=row.rate
            ),
            estimating=is_estimating(
                status=row.status, done=row.done, total=row.total, unit=row.unit, rate=row.rate
            ),
        ),
        "message": row.message,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "cancel_requested": row.cancel_requested,
        "worker_id": row.worker_id,
        "attempts": row.attempts,
        "error": error,
    }


def _write_cursor(job: JobRow) -> str:
    text = f"{job.created_at.isoformat()}|{job.id}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        if len(cursor) > LARGEST_CURSOR:
            cursor = ""
        at, job_id = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        moment = datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise BadRequestError(
            "The cursor is none of ours.", hint="Give back `next_cursor` as it was, or none."
        ) from error
    return moment, job_id
