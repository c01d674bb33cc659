"""Where a sweep keeps its files, and which of them are of no more use.

A sweep may end outside of its own code: cancelled while it waited, given up after too many deaths.
So its files are not removed by the sweep but after it, by whoever finds that its run has ended.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, select

from app.settings import Settings
from app.store.engine import open_session
from app.store.tables import RunTable

POOLS = "pools"
CHECKPOINTS = "checkpoints"


def pool_folder(settings: Settings, run_id: int) -> Path:
    return settings.data / POOLS / str(run_id)


def checkpoint_folder(settings: Settings, run_id: int) -> Path:
    return settings.data / CHECKPOINTS / str(run_id)


def remove_leftovers(engine: Engine, settings: Settings) -> None:
    """What was published stays; what only a running or finished run needs goes.

    A folder whose run the store does not know is left alone: it may be another store's.
    """
    found = {*_numbers(settings.data / POOLS), *_numbers(settings.data / CHECKPOINTS)}
    with open_session(engine) as session:
        ended = session.execute(
            select(RunTable.id, RunTable.status).where(
                RunTable.id.in_(found), RunTable.status != "running"
            )
        ).all()
    for run_id, status in ended:
        shutil.rmtree(checkpoint_folder(settings, run_id), ignore_errors=True)
        if status != "finished":
            shutil.rmtree(pool_folder(settings, run_id), ignore_errors=True)


def _numbers(folder: Path) -> Iterator[int]:
    if folder.is_dir():
        yield from (int(each.name) for each in folder.iterdir() if each.name.isdecimal())
