"""How many jobs there are in each state, for metrics."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.tables.job import JobTable

STATES = ("queued", "running", "succeeded", "failed", "cancelled")


def count_jobs(session: Session) -> dict[str, int]:
    """Every state is named, those without jobs with 0."""
    rows = session.execute(select(JobTable.status, func.count()).group_by(JobTable.status))
    return dict.fromkeys(STATES, 0) | dict(rows.all())
