"""A worker that is asked to stop finishes what is under way, hands its job back and goes."""

import signal
import time

import pytest

from analysis.worker.stopping import AGAIN_SECONDS
from tests.worker.conftest import Laboratory
from tests.worker.program import CountRequest


@pytest.mark.parametrize("asked_by", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_worker_hands_its_job_back_and_another_goes_on(
    laboratory: Laboratory, asked_by: signal.Signals
) -> None:
    file = laboratory.folder / "steps"
    job_id = laboratory.ask(CountRequest(file=file, steps=3, seconds=0.2))
    first = laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.lines(file))

    begun = time.monotonic()
    first.send_signal(asked_by)
    assert first.wait(timeout=20) == 0
    assert time.monotonic() - begun < 6
    job = laboratory.job(job_id)
    assert (job.status, job.worker_id) == ("queued", None)
    assert "stopped" in (job.message or "")

    second = laboratory.start_worker()
    assert laboratory.wait_for_end(job_id).result == {"squares": [0, 1, 4]}
    lines = [line.split()[1:] for line in laboratory.lines(file)]
    assert [step for step, _ in lines] == ["0", "1", "2"]
    assert [process for _, process in lines] == [str(first.pid), *[str(second.pid)] * 2]


def test_an_idle_worker_stops_at_once(laboratory: Laboratory) -> None:
    worker = laboratory.start_worker()
    laboratory.wait_until(lambda: "worker ready" in laboratory.logs())
    worker.terminate()
    assert worker.wait(timeout=10) == 0


def test_a_job_that_was_cancelled_while_its_worker_stopped_is_cancelled(
    laboratory: Laboratory,
) -> None:
    job_id = laboratory.ask(CountRequest(file=laboratory.folder / "steps", seconds=1.0))
    worker = laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.job(job_id).status == "running")
    worker.terminate()
    laboratory.cancel(job_id)
    worker.wait(timeout=20)
    assert laboratory.job(job_id).status == "cancelled"


def test_a_worker_that_is_deep_in_a_batch_leaves_after_a_while_and_the_job_goes_on(
    laboratory: Laboratory,
) -> None:
    file = laboratory.folder / "steps"
    job_id = laboratory.ask(CountRequest(file=file, steps=1, batches=1, seconds=6))
    first = laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.job(job_id).status == "running")
    first.terminate()
    assert first.wait(timeout=10) == 0
    assert laboratory.job(job_id).status == "queued"
    laboratory.start_worker()
    assert laboratory.wait_for_end(job_id).status == "succeeded"
    assert len(laboratory.lines(file)) == 1


def test_a_job_that_asks_for_patience_ends_its_step_first(laboratory: Laboratory) -> None:
    file = laboratory.folder / "steps"
    request = CountRequest(file=file, steps=2, batches=30, seconds=0.1, patience=20)
    job_id = laboratory.ask(request)
    worker = laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.job(job_id).progress.done)
    worker.terminate()
    assert worker.wait(timeout=20) == 0
    assert len(laboratory.lines(file)) == 1
    assert laboratory.job(job_id).status == "queued"
    assert "Ctrl-C again to leave now" in laboratory.logs()


@pytest.mark.parametrize("ended_by", ["asking again", "cancelling", "impatience"])
def test_patience_ends_where_somebody_asks_again_or_cancels_or_it_is_used_up(
    laboratory: Laboratory, ended_by: str
) -> None:
    file = laboratory.folder / "steps"
    patience = 1 if ended_by == "impatience" else 60
    request = CountRequest(file=file, steps=1, batches=300, seconds=0.1, patience=patience)
    job_id = laboratory.ask(request)
    worker = laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.job(job_id).progress.done)
    begun = time.monotonic()
    worker.terminate()
    time.sleep(AGAIN_SECONDS + 0.1)
    if ended_by == "asking again":
        worker.terminate()
    if ended_by == "cancelling":
        laboratory.cancel(job_id)
    assert worker.wait(timeout=20) == 0
    assert time.monotonic() - begun < 8
    assert laboratory.lines(file) == []
    assert laboratory.job(job_id).status == ("cancelled" if ended_by == "cancelling" else "queued")


def test_signals_that_come_together_are_one(laboratory: Laboratory) -> None:
    file = laboratory.folder / "steps"
    request = CountRequest(file=file, steps=1, batches=15, seconds=0.1, patience=20)
    job_id = laboratory.ask(request)
    worker = laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.job(job_id).progress.done)
    for _ in range(3):
        worker.terminate()
    assert worker.wait(timeout=20) == 0
    assert len(laboratory.lines(file)) == 1
