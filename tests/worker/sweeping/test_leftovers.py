"""Files of sweeps that have ended are removed; those of other stores in the same folder are not."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from analysis.worker.inline import run_inline
from analysis.worker.jobs import JobKind, JobKinds
from analysis.worker.process import Worker
from analysis.worker.sweeping.job import KIND
from analysis.worker.sweeping.leftovers import (
    checkpoint_folder,
    pool_folder,
    remove_leftovers,
)
from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.migrating import upgrade
from app.store.requests import SweepRequest
from app.store.tables import ArtifactTable, RunTable
from tests.worker.conftest import Laboratory
from tests.worker.sweeping.conftest import SWEEP, Swept, add_planted


def _fill(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").touch()
    return folder


def test_pools_lie_in_a_folder_named_by_the_job(swept: Swept) -> None:
    with open_session(swept.engine) as session:
        job_id = session.get_one(RunTable, swept.run_id).job_id
        paths = session.scalars(select(ArtifactTable.path)).all()
    assert {str(Path(path).parent) for path in paths} == {f"pools/{job_id}"}
    assert not (swept.settings.data / "checkpoints" / str(job_id)).exists()


def test_two_stores_in_one_data_folder_leave_each_other_s_files_alone(
    laboratory: Laboratory,
) -> None:
    folder = laboratory.folder
    add_planted(laboratory.engine, laboratory.settings, folder, n=20)
    run_inline(laboratory.engine, laboratory.settings, KIND, SWEEP)
    url = f"sqlite:///{folder}/other.sqlite"
    settings = Settings(data=folder, database_url=url)
    engine = open_engine(settings)
    upgrade(engine)
    before = {file: file.stat().st_ino for file in (folder / "pools").glob("*/*")}
    assert before
    (folder / "second").mkdir()
    add_planted(engine, settings, folder / "second", n=20)
    run_inline(engine, settings, KIND, SWEEP)
    with open_session(engine, commit=True) as session:
        session.execute(update(RunTable).values(status="cancelled"))
    remove_leftovers(engine, settings)
    engine.dispose()
    assert {file: file.stat().st_ino for file in (folder / "pools").glob("*/*")} == before


@pytest.mark.parametrize(
    ("status", "left"), [("running", (True, True)), ("finished", (True, False)),
                         ("failed", (False, False)), ("cancelled", (False, False))],
)  # fmt: skip
def test_what_is_removed_depends_on_how_the_run_ended(
    laboratory: Laboratory, status: str, left: tuple[bool, bool]
) -> None:
    engine, settings = laboratory.engine, laboratory.settings
    add_planted(engine, settings, laboratory.folder, n=20)
    run_inline(engine, settings, KIND, SWEEP)
    with open_session(engine, commit=True) as session:
        job_id = _give_status(session, status)
    pools, checkpoint = pool_folder(settings, job_id), checkpoint_folder(settings, job_id)
    _fill(checkpoint)
    unknown = [
        _fill(settings.data / kind / name)
        for kind in ("pools", "checkpoints") for name in ("1", "notes", uuid.uuid4().hex)
    ]  # fmt: skip
    remove_leftovers(engine, settings)
    assert (pools.exists(), checkpoint.exists()) == left
    assert all((folder / "file").exists() for folder in unknown)


def _give_status(session: Session, status: str) -> str:
    changed = update(RunTable).values(status=status).returning(RunTable.job_id)
    return str(session.execute(changed).scalar_one())


def test_what_is_no_directory_is_left_alone(laboratory: Laboratory, tmp_path: Path) -> None:
    engine, settings = laboratory.engine, laboratory.settings
    add_planted(engine, settings, laboratory.folder, n=20)
    run_inline(engine, settings, KIND, SWEEP)
    with open_session(engine, commit=True) as session:
        job_id = _give_status(session, "failed")
    elsewhere = _fill(tmp_path / "elsewhere")
    pools, checkpoint = pool_folder(settings, job_id), checkpoint_folder(settings, job_id)
    pools.rename(tmp_path / "moved")
    pools.symlink_to(elsewhere)
    checkpoint.parent.mkdir(exist_ok=True)
    checkpoint.touch()
    remove_leftovers(engine, settings)
    assert pools.is_symlink()
    assert (elsewhere / "file").exists()
    assert checkpoint.is_file()


def test_no_error_of_tidying_ends_a_worker(laboratory: Laboratory) -> None:
    def tidy(*_: object) -> None:
        raise RuntimeError("a folder of a strange name")

    kind = JobKind("sweep", SweepRequest, lambda _: None, tidy=tidy)
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder, n=10)
    job_id = laboratory.ask(SWEEP)
    # In a thread of its own: browser tests leave this one with a running event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(Worker(laboratory.settings, JobKinds([kind])).run, until_idle=True).result()
    assert laboratory.job(job_id).status == "succeeded"
