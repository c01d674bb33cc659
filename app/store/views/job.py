"""Jobs as shown, and what happened to them."""

from datetime import datetime
from typing import Any

from app.store.views.base import View


class ProgressView(View):
    done: float | None
    total: float | None
    unit: str | None
    rate: float | None
    """Units of `unit` per second; not known until enough is measured."""
    seconds_left: float | None
    estimating: bool
    """Whether `seconds_left` will be known once enough is measured."""


class JobRow(View):
    """One line of a list of jobs; what was asked and what came of it is with the job itself."""

    id: str
    kind: str
    status: str
    model: str | None
    progress: ProgressView
    message: str | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    worker_id: str | None
    attempts: int
    error: str | None
    """Why it failed; in a list only the beginning of a long one."""


class BusyView(View):
    """A job that a living worker does."""

    id: str
    kind: str
    model: str | None


class WaitingView(View):
    """Why a job has not begun."""

    n_before: int
    """Jobs that were asked for earlier and that no living worker has: they go first."""
    busy: list[BusyView]
    """What workers do meanwhile, at most five, the longest running first."""


class JobView(JobRow):
    request: dict[str, Any]
    traceback: str | None
    result: dict[str, Any] | None
    waiting: WaitingView | None
    """None once a worker has it."""


class JobEventView(View):
    id: int
    job_id: str
    at: datetime
    kind: str
    data: dict[str, Any]
