"""What is stored on a job says nothing of this machine: no folder, no address, no host."""

import errno
import os
import socket
import sysconfig
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from analysis.errors import ModelError
from analysis.worker.failing import explain, shorten, traceback_of
from analysis.worker.inline import run_inline
from analysis.worker.interruptions import reason_to_wait
from analysis.worker.jobs import JobKind, JobKinds
from analysis.worker.process import Worker
from app.errors import UnavailableError
from app.settings import Settings
from app.store.engine import open_session
from app.store.queries.job import get_job, list_jobs
from tests.worker.conftest import Laboratory
from tests.worker.program import CountRequest


def test_folders_are_told_by_short_names(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = Settings(data=data)
    packages = sysconfig.get_path("purelib")
    assert shorten(f"Cannot read {data}/pools/7.", settings) == "Cannot read <data>/pools/7."
    assert shorten(f"'{packages}/torch/a.py'", settings) == "'<site-packages>/torch/a.py'"
    assert shorten(f"{Path.home()}/texts/a.txt", settings) == "~/texts/a.txt"
    assert shorten(f"{data}base/x", settings) == f"{data}base/x"
    assert shorten({"file": [f"{data}/a", 3, None]}, settings) == {"file": ["<data>/a", 3, None]}


def test_a_traceback_names_modules_without_the_folder_of_the_project(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        (tmp_path / "models" / "toy").read_text()
    told = "".join(traceback.format_exception(caught.value))
    told = shorten(told, Settings(data=tmp_path))
    assert '"<patchclamp>/tests/worker/test_failing.py"' in told
    assert "'<data>/models/toy'" in told
    assert str(tmp_path) not in told


def test_the_address_of_a_database_is_not_told(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url="postgresql://ada:secret@db.internal:5433/lab")
    told = shorten('server at "db.internal" refused; postgresql://db.internal:5433/lab', settings)
    assert told == 'server at "<store>" refused; <store>'


def test_jobs_wait_and_fail_with_the_public_sentence() -> None:
    error = UnavailableError("The store /srv/a.sqlite is full.", hint="Free.", public="It is full.")
    assert reason_to_wait(error) == "It is full. Free."
    assert explain(error, public=True) == "It is full. Free."
    assert explain(error) == "The store /srv/a.sqlite is full. Free."


def test_the_file_of_a_model_is_told_by_its_name_alone_in_sentence_and_traceback() -> None:
    path = Path("/mnt/of the lab/toy/config.json")
    error = ModelError(f"{path} is no valid JSON", hint="Copy it again.", where=path)
    assert explain(error, public=True) == "config.json is no valid JSON. Copy it again."
    assert explain(error) == f"{path} is no valid JSON. Copy it again."
    told = traceback_of(error, Settings(data=Path("/data")))
    assert told.endswith("ModelError: config.json is no valid JSON\n")


def test_a_full_disk_is_told_with_the_name_of_the_file_alone() -> None:
    told = reason_to_wait(OSError(errno.ENOSPC, "No space left", "/srv/data/pools/7.bin"))
    assert told == "The disk cannot be written: No space left (7.bin). Free some space."


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.EFBIG, errno.ENOSPC])
def test_a_quota_or_limit_is_waited_for_whatever_language_met_it(number: int) -> None:
    told = f"The disk cannot be written: {os.strerror(number)}. Free some space."
    assert reason_to_wait(OSError(number, os.strerror(number))) == told
    # As safetensors tells it; its own test has it from a real limit.
    in_rust = Exception(f"I/O error: {os.strerror(number)} (os error {number})")
    assert reason_to_wait(in_rust) == told
    assert reason_to_wait(Exception("I/O error: No such file (os error 2)")) is None


def test_a_result_names_no_folder_of_this_machine(laboratory: Laboratory) -> None:
    kind = JobKind("count", CountRequest, lambda job: {"pools": [f"{job.settings.data}/pools"]})
    inline = run_inline(
        laboratory.engine, laboratory.settings, kind, CountRequest(file=Path("steps"))
    )
    assert inline == {"pools": [f"{laboratory.folder}/pools"]}
    asked = laboratory.ask(CountRequest(file=Path("steps")))
    # In a thread of its own: browser tests leave this one with a running event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(Worker(laboratory.settings, JobKinds([kind])).run, until_idle=True).result()
    with open_session(laboratory.engine) as session:
        jobs = [get_job(session, job_id=job.id) for job in list_jobs(session).items]
    assert asked in {job.id for job in jobs}
    assert [job.result for job in jobs] == [{"pools": ["<data>/pools"]}] * 2


def test_the_id_of_a_worker_says_nothing_of_its_host(tmp_path: Path) -> None:
    ids = {Worker(Settings(data=tmp_path), JobKinds([])).id for _ in range(2)}
    assert len(ids) == 2
    assert all(socket.gethostname() not in each for each in ids)
