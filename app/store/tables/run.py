"""Provenance: one execution of a method, and the bulk arrays it left."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment


class RunTable(Base):
    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'finished', 'failed', 'cancelled')", name="status"),
        Index(None, "model_id", "kind", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """sweep, output, relate, explain, score, evidence, experiment, circuit, proof"""
    method: Mapped[str]
    method_version: Mapped[str]
    status: Mapped[str]
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    corpus_id: Mapped[int | None] = mapped_column(ForeignKey("corpora.id"))
    window_set_id: Mapped[int | None] = mapped_column(ForeignKey("window_sets.id"))
    of_run_id: Mapped[int | None] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), index=True
    )
    """The sweep that this run reads, for runs that need one."""
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    seed: Mapped[int] = mapped_column(BigInteger)
    dtype: Mapped[str]
    device: Mapped[str]
    code_version: Mapped[str]
    machine: Mapped[dict[str, Any]] = mapped_column(Json)
    measured: Mapped[dict[str, Any]] = mapped_column(Json)
    """What the run counted and timed: windows, tokens, seconds forward and writing, …"""
    command: Mapped[str]
    """The command that runs it again."""
    started_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class ArtifactTable(Base):
    """A file under PATCHCLAMP_DATA that holds one array."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("run_id", "kind", "site_id", "split"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    kind: Mapped[str]
    """pool"""
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    split: Mapped[str]
    path: Mapped[str]
    shape: Mapped[list[int]] = mapped_column(Json)
    dtype: Mapped[str]
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    window_numbers: Mapped[list[int]] = mapped_column(Json)
