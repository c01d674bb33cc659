"""Why a job waits: which go before it, and what workers do meanwhile."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.store.tables.job import JobTable
from app.store.views.job import BusyView, JobView, WaitingView

MOST_BUSY: Final = 5
"""Running jobs that are named."""


def waiting_of(session: Session, row: JobTable) -> WaitingView | None:
    """None where a worker has the job, or it has ended."""
    if row.status != "queued":
        return None
    now = datetime.now(UTC)
    earlier = or_(
        JobTable.created_at < row.created_at,
        and_(JobTable.created_at == row.created_at, JobTable.id < row.id),
    )
    before = select(func.count()).select_from(JobTable).where(unattended(now), earlier)
    busy = (
        select(JobTable.id, JobTable.kind, JobTable.model_name)
        .where(JobTable.status == "running", JobTable.lease_until >= now)
        .order_by(JobTable.started_at, JobTable.id)
        .limit(MOST_BUSY)
    )
    return WaitingView(
        n_before=session.scalars(before).one(),
        busy=[
            BusyView(id=job.id, kind=job.kind, model=job.model_name)
            for job in session.execute(busy)
        ],
    )


def told_to(view: JobView, *, models: Collection[str] | None) -> JobView:
    """Without the names of running jobs that are of no model of these; None: as it is."""
    if models is None or view.waiting is None:
        return view
    busy = [job for job in view.waiting.busy if job.model in models]
    return view.model_copy(update={"waiting": view.waiting.model_copy(update={"busy": busy})})


def unattended(now: datetime) -> ColumnElement[bool]:
    """A job that waits, or whose worker is dead: anybody may take it."""
    return or_(
        JobTable.status == "queued",
        and_(JobTable.status == "running", JobTable.lease_until < now),
    )
