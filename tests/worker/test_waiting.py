"""A full disk or a locked store makes a job wait, and say so; it does not fail."""

import sqlite3

from tests.worker.conftest import Laboratory
from tests.worker.program import CountRequest, CrampRequest, FullRequest


def test_a_job_waits_while_the_disk_is_full_and_goes_on_when_there_is_space(
    laboratory: Laboratory,
) -> None:
    space, file = laboratory.folder / "space", laboratory.folder / "steps"
    job_id = laboratory.ask(FullRequest(until=space, file=file))
    laboratory.start_worker()
    laboratory.wait_until(lambda: "No space left" in (laboratory.job(job_id).message or ""))
    job = laboratory.job(job_id)
    assert job.status == "running"
    assert "Free some space" in (job.message or "")

    space.touch()
    job = laboratory.wait_for_end(job_id)
    assert (job.status, job.message) == ("succeeded", None)
    assert laboratory.lines(file) == ["first"]
    kinds = [event.kind for event in laboratory.events(job_id)]
    assert kinds == ["queued", "started", "waiting", "resumed", "succeeded"]


def test_a_waiting_job_can_be_cancelled(laboratory: Laboratory) -> None:
    file = laboratory.folder / "steps"
    job_id = laboratory.ask(FullRequest(until=laboratory.folder / "never", file=file))
    laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.job(job_id).message)
    laboratory.cancel(job_id)
    assert laboratory.wait_for_end(job_id).status == "cancelled"


def test_a_job_survives_that_nothing_at_all_can_be_written_for_a_while(
    laboratory: Laboratory,
) -> None:
    file = laboratory.folder / "steps"
    job_id = laboratory.ask(CrampRequest(file=file))
    laboratory.start_worker()
    job = laboratory.wait_for_end(job_id)
    assert (job.status, job.error) == ("succeeded", None)
    assert job.result == {"steps": ["first", 100_000, "third"]}
    assert laboratory.lines(file)[0] == "first"
    assert laboratory.lines(file).count("first") == 1


def test_a_job_waits_while_another_process_has_the_store_locked(laboratory: Laboratory) -> None:
    file = laboratory.folder / "steps"
    job_id = laboratory.ask(CountRequest(file=file, steps=3, seconds=0.05))
    laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.lines(file))
    other = sqlite3.connect(laboratory.folder / "store.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    laboratory.wait_until(lambda: "not written" in laboratory.logs(), seconds=10)
    assert laboratory.job(job_id).status == "running"
    other.execute("ROLLBACK")
    other.close()
    job = laboratory.wait_for_end(job_id)
    assert (job.status, job.result) == ("succeeded", {"squares": [0, 1, 4]})
    assert [line.split()[1] for line in laboratory.lines(file)] == ["0", "1", "2"]
