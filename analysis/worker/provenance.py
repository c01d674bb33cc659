"""Runs: what is written down of every execution of a method, so that its numbers can be traced."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.store.tables import RunTable


def machine() -> dict[str, Any]:
    """What the numbers may depend on beyond the code: platform, processor, libraries, threads."""
    return {
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": version("transformers"),
    }


def code_version() -> str:
    return version("patchclamp")


def begin_run(session: Session, **columns: Any) -> int:  # noqa: ANN401 - the columns of a run
    """Write a run that has begun; returns its id.

    A job has one run of a kind: where its first step was cut short after this had been stored, or
    the memory of its steps was lost, it finds its run again. One that its method does not end is
    ended with the job (`app.store.ending`).
    """
    job_id = columns.get("job_id")
    begun = select(RunTable.id).where(RunTable.job_id == job_id, RunTable.kind == columns["kind"])
    known = session.scalar(begun) if job_id is not None else None
    if known is not None:
        return known
    values = {
        "status": "running",
        "code_version": code_version(),
        "machine": machine(),
        "measured": {},
        "started_at": datetime.now(UTC),
        **columns,
    }
    return session.execute(insert(RunTable).values(**values).returning(RunTable.id)).scalar_one()


def end_run(session: Session, run_id: int, status: str, measured: dict[str, Any]) -> bool:
    """Whether the run was still running; one that has ended stays as it is."""
    ended = session.execute(
        update(RunTable)
        .where(RunTable.id == run_id, RunTable.status == "running")
        .values(status=status, measured=measured, finished_at=datetime.now(UTC))
        .returning(RunTable.id)
    )
    return ended.first() is not None
