"""Workers that are killed or stalled: their jobs go on elsewhere, each step done once."""

import signal
import sqlite3
import subprocess
from contextlib import closing

import psutil
import pytest

from analysis.worker.process import MOST_DEATHS
from app.store import queue
from tests.worker.conftest import Laboratory
from tests.worker.program import CountRequest, StallRequest


@pytest.mark.parametrize("finished_steps", [0, 1, 2])
def test_a_killed_workers_job_goes_on_at_the_interrupted_step(
    laboratory: Laboratory, finished_steps: int
) -> None:
    file = laboratory.folder / "steps"
    job_id = laboratory.ask(CountRequest(file=file, steps=3, seconds=0.15))
    first = laboratory.start_worker()
    laboratory.wait_until(
        lambda: (
            laboratory.job(job_id).status == "running"
            and len(laboratory.lines(file)) == finished_steps
        )
    )
    first.kill()
    first.wait()
    laboratory.start_worker()

    job = laboratory.wait_for_end(job_id)
    assert (job.status, job.result) == ("succeeded", {"squares": [0, 1, 4]})
    steps = [line.split()[1] for line in laboratory.lines(file)]
    assert sorted(set(steps)) == ["0", "1", "2"]
    assert len(steps) <= 4  # at most the step whose end was not yet noted is done again
    by_the_dead = [line for line in laboratory.lines(file) if line.endswith(f" {first.pid}")]
    assert len(by_the_dead) >= finished_steps
    resumed = [event for event in laboratory.events(job_id) if event.kind == "resumed"]
    assert resumed
    assert resumed[0].data["dead_worker"]


def test_a_worker_killed_over_and_over_still_ends_its_job(laboratory: Laboratory) -> None:
    file = laboratory.folder / "steps"
    job_id = laboratory.ask(CountRequest(file=file, steps=4, batches=2, seconds=0.1))
    for kills in (1, 2):
        worker = laboratory.start_worker()
        laboratory.wait_until(
            lambda kills=kills: len(laboratory.lines(file)) >= kills  # type: ignore[misc]
        )
        worker.kill()
    laboratory.start_worker()
    assert laboratory.wait_for_end(job_id).result == {"squares": [0, 1, 4, 9]}


def has_stopped_without_a_lock(laboratory: Laboratory, process: subprocess.Popen[str]) -> bool:
    """Whether others can write; a process that was stopped while it wrote is let go on a little."""
    if psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        return False
    try:
        for file in laboratory.folder.glob("*.sqlite"):
            with closing(sqlite3.connect(file, timeout=0)) as connection:
                connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        process.send_signal(signal.SIGCONT)
        return False
    return True


def test_a_stalled_worker_notices_that_its_job_is_anothers_and_writes_nothing(
    laboratory: Laboratory,
) -> None:
    file = laboratory.folder / "notes"
    job_id = laboratory.ask(StallRequest(file=file))
    stalled = laboratory.start_worker("until-idle")
    laboratory.wait_until(lambda: laboratory.lines(file))
    laboratory.wait_until(lambda: has_stopped_without_a_lock(laboratory, stalled))
    successor = laboratory.start_worker()
    job = laboratory.wait_for_end(job_id)
    file.with_suffix(".go").touch()
    stalled.send_signal(signal.SIGCONT)
    assert stalled.wait(timeout=20) == 0

    assert laboratory.lines(file) == [
        f"began {stalled.pid}",
        f"began {successor.pid}",
        f"wrote {successor.pid}",
    ]
    assert (job.status, job.result) == ("succeeded", {"by": successor.pid})
    assert laboratory.job(job_id) == job


def test_a_job_at_which_workers_die_again_and_again_fails_and_says_so(
    laboratory: Laboratory,
) -> None:
    job_id = laboratory.ask(CountRequest(file=laboratory.folder / "steps"))
    for _ in range(MOST_DEATHS):
        queue.claim_next(laboratory.engine, worker_id="frail", kinds=["count"], lease_seconds=-1)
    laboratory.start_worker()
    job = laboratory.wait_for_end(job_id)
    assert job.status == "failed"
    assert "8 workers in a row died" in (job.error or "")
    assert laboratory.lines(laboratory.folder / "steps") == []


def test_a_job_begins_again_where_the_memory_of_its_steps_is_lost(laboratory: Laboratory) -> None:
    file = laboratory.folder / "steps"
    job_id = laboratory.ask(CountRequest(file=file, steps=2, seconds=0.1))
    first = laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.lines(file))
    first.kill()
    first.wait()
    for part in laboratory.folder.glob("queue.sqlite*"):
        part.unlink()
    laboratory.start_worker()
    assert laboratory.wait_for_end(job_id).result == {"squares": [0, 1]}
    steps = [line.split()[1] for line in laboratory.lines(file)]
    assert steps == ["0", "0", "1"]


def test_a_damaged_queue_is_said_and_moving_it_away_loses_no_job(laboratory: Laboratory) -> None:
    damaged = laboratory.folder / "queue.sqlite"
    damaged.write_text("a shopping list\n" * 100)
    job_id = laboratory.ask(CountRequest(file=laboratory.folder / "steps", steps=1))
    assert laboratory.start_worker().wait(timeout=20) == 1
    assert "move it away" in laboratory.logs()
    assert laboratory.job(job_id).status == "queued"
    damaged.unlink()
    laboratory.start_worker()
    assert laboratory.wait_for_end(job_id).status == "succeeded"


def run_twenty_jobs_with_two_workers(laboratory: Laboratory) -> None:
    file = laboratory.folder / "steps"
    jobs = [
        laboratory.ask(CountRequest(file=file, steps=2, batches=1, seconds=0.02)) for _ in range(20)
    ]
    workers = {laboratory.start_worker().pid, laboratory.start_worker().pid}
    for job_id in jobs:
        assert laboratory.wait_for_end(job_id, seconds=60).status == "succeeded"
    lines = [line.split() for line in laboratory.lines(file)]
    expected = sorted((job_id, step) for job_id in jobs for step in ("0", "1"))
    assert sorted((job_id, step) for job_id, step, _ in lines) == expected
    assert {int(process) for _, _, process in lines} == workers
    assert {laboratory.job(job_id).attempts for job_id in jobs} == {1}


def test_two_workers_on_one_sqlite_file_run_each_of_twenty_jobs_once(
    laboratory: Laboratory,
) -> None:
    run_twenty_jobs_with_two_workers(laboratory)


def test_two_workers_on_postgresql_run_each_of_twenty_jobs_once(
    postgresql_laboratory: Laboratory,
) -> None:
    run_twenty_jobs_with_two_workers(postgresql_laboratory)


def test_a_dead_workers_job_is_taken_over_on_postgresql(
    postgresql_laboratory: Laboratory,
) -> None:
    laboratory = postgresql_laboratory
    file = laboratory.folder / "steps"
    job_id = laboratory.ask(CountRequest(file=file, steps=2, seconds=0.1))
    first = laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.lines(file))
    first.kill()
    second = laboratory.start_worker()
    assert laboratory.wait_for_end(job_id).result == {"squares": [0, 1]}
    assert [line.split()[1:] for line in laboratory.lines(file)][-1] == ["1", str(second.pid)]
