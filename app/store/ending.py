"""What ends with a job: the runs that it began and has not ended itself.

Whoever ends a job calls `end_runs` in the same transaction, so that no run is shown as running
whose job is over, however the job came to its end: by its own code, cancelled while it waited,
given up after too many deaths.
"""

from datetime import UTC, datetime
from typing import Final, Literal

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from app.store.tables.job import JobTable
from app.store.tables.run import RunTable

ENDED: Final = frozenset({"succeeded", "failed", "cancelled"})
"""States that a job does not leave."""


def end_runs(
    on: Connection | Session, *, job_id: str, status: Literal["failed", "cancelled"]
) -> None:
    """Runs of the job that are still running have ended so."""
    on.execute(
        update(RunTable)
        .where(RunTable.job_id == job_id, RunTable.status == "running")
        .values(status=status, finished_at=datetime.now(UTC))
    )


def end_forgotten_runs(on: Connection | Session) -> None:
    """Runs that a job has left running, which an older version could do, have failed."""
    over = select(JobTable.id).where(JobTable.status.in_(ENDED))
    on.execute(
        update(RunTable)
        .where(RunTable.status == "running", RunTable.job_id.in_(over))
        .values(status="failed", finished_at=datetime.now(UTC))
    )
