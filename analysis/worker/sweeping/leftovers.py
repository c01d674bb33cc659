"""Where a sweep keeps its files, and which of them are of no more use.

A sweep may end outside of its own code: cancelled while it waited, given up after too many deaths.
So its files are not removed by the sweep but after it, by whoever finds that its run has ended.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, select

from app.settings import Settings
from app.store.engine import open_session
from app.store.tables import JobTable, RunTable

POOLS = "pools"
CHECKPOINTS = "checkpoints"
_JOB_ID = re.compile("[0-9a-f]{32}")


def pool_folder(settings: Settings, job_id: str) -> Path:
    """Named by the job: stores that share a data folder count their runs alike."""
    return settings.data / POOLS / job_id


def checkpoint_folder(settings: Settings, job_id: str) -> Path:
    return settings.data / CHECKPOINTS / job_id


def remove_leftovers(engine: Engine, settings: Settings) -> None:
    """What was published stays; what only a running or finished run needs goes.

    A folder whose job the store does not know is left alone: it may be another store's.
    """
    found = {*_job_ids(settings.data / POOLS), *_job_ids(settings.data / CHECKPOINTS)}
    with open_session(engine) as session:
        ended = session.execute(
            select(JobTable.id, RunTable.status)
            .join(RunTable, RunTable.job_id == JobTable.id)
            .where(JobTable.id.in_(found), RunTable.kind == "sweep", RunTable.status != "running")
        ).all()
    for job_id, status in ended:
        _remove(checkpoint_folder(settings, job_id))
        if status != "finished":
            _remove(pool_folder(settings, job_id))


def _job_ids(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from (each.name for each in folder.iterdir() if _JOB_ID.fullmatch(each.name))


def _remove(folder: Path) -> None:
    """Only a directory: a link or a file of that name is none of ours."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
