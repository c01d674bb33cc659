"""Durable work: jobs, what happened to them, and the workers that take them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment


class JobTable(Base):
    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"
        ),
        Index(None, "status", "created_at"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    """UUID hex; also the id of the durable workflow."""
    kind: Mapped[str]
    """sweep, output, relate, add_model, add_corpus"""
    status: Mapped[str]
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    model_name: Mapped[str | None] = mapped_column(index=True)
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    worker_id: Mapped[str | None]
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    """A running job whose lease is past belongs to a dead worker and is handed on."""
    attempts: Mapped[int] = mapped_column(default=0)
    done: Mapped[float | None]
    total: Mapped[float | None]
    unit: Mapped[str | None]
    """What `done` and `total` count: windows, units, bytes, …"""
    rate: Mapped[float | None]
    """Units of `unit` per second, over the last while."""
    message: Mapped[str | None]
    error: Mapped[str | None]
    """One sentence: what happened and what to do."""
    traceback: Mapped[str | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """For instance {"run_id": 3}."""


class JobEventTable(Base):
    """What happened, in order; replayed to whoever watches a job."""

    __tablename__ = "job_events"
    __table_args__ = (Index(None, "job_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Moment)
    kind: Mapped[str]
    """queued, started, progress, published, resumed, cancelling, cancelled, succeeded, failed"""
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class WorkerTable(Base):
    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    process: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(Moment)
    heartbeat_at: Mapped[datetime] = mapped_column(Moment)
