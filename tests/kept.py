"""Stores that take long to make: each is made once, and every test that begins with it gets a copy.

The processes that test side by side share what is made; whoever wants one that is being made waits.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from app.settings import Settings
from app.store.engine import open_engine
from app.store.migrating import upgrade
from app.store.synthetic import fill_synthetic

KEPT_IN = "TESTS_KEPT_IN"
"""The environment variable that names the folder, for all processes of one run."""
STORE = "store.sqlite"


def copy_of(name: str, make: Callable[[Path], None], into: Path) -> Path:
    """`into`, with what `make` writes into a folder that it is given when it is first wanted.

    Nobody may have a database there open when `make` returns.
    """
    folder = Path(os.environ[KEPT_IN])
    made, mark = folder / name, folder / f"{name}.made"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            shutil.rmtree(made, ignore_errors=True)  # of one that failed
            made.mkdir(mode=0o700)
            make(made)
            mark.touch()
    return Path(shutil.copytree(made, into, dirs_exist_ok=True))


def migrate(engine: Engine) -> None:
    """Gives a new SQLite store its tables, as `upgrade` does."""
    file = Path(str(engine.url.database))
    assert not file.exists()
    copy_of("migrated", _migrated, file.parent)
    if file.name != STORE:
        (file.parent / STORE).rename(file)


def _migrated(folder: Path) -> None:
    engine = open_engine(Settings(data=folder, database_url=None))
    upgrade(engine)
    engine.dispose()


def synthetic_store(data: Path, **sizes: int) -> None:
    """Makes a migrated store of synthetic models, as `fill_synthetic` does, in the data folder."""
    name = "-".join(("synthetic", *(f"{size}{n}" for size, n in sorted(sizes.items()))))
    copy_of(name, partial(_filled, sizes), data)


def _filled(sizes: dict[str, int], folder: Path) -> None:
    engine = open_engine(Settings(data=folder, database_url=None))
    migrate(engine)
    fill_synthetic(engine, data=folder, **sizes)
    engine.dispose()
