"""What becomes of a job: it succeeds, fails or is cancelled, and says so."""

import time
from pathlib import Path

from app.store.backup import backup
from tests.worker.conftest import Laboratory, open_laboratory
from tests.worker.program import CountRequest, FailRequest, HoldRequest, LookRequest


def test_a_job_runs_to_its_result_and_tells_what_happened(laboratory: Laboratory) -> None:
    job_id = laboratory.ask(CountRequest(file=laboratory.folder / "steps", steps=2))
    laboratory.start_worker("until-idle").wait(timeout=30)

    job = laboratory.job(job_id)
    assert (job.status, job.result, job.attempts) == ("succeeded", {"squares": [0, 1]}, 1)
    assert (job.progress.done, job.progress.total, job.progress.unit) == (8, 8, "batches")
    assert job.started_at is not None
    assert job.finished_at is not None
    kinds = [event.kind for event in laboratory.events(job_id)]
    assert kinds == ["queued", "started", "progress", "succeeded"]


def test_failures_keep_their_traceback_and_say_what_to_do(laboratory: Laboratory) -> None:
    expected = laboratory.ask(FailRequest(how="user"))
    unexpected = laboratory.ask(FailRequest(how="bug"))
    laboratory.start_worker("until-idle").wait(timeout=30)

    job = laboratory.job(expected)
    assert (job.status, job.error) == ("failed", "The soup is cold. Warm it.")
    job = laboratory.job(unexpected)
    assert job.status == "failed"
    assert "ZeroDivisionError" in (job.error or "")
    assert "traceback" in (job.error or "")
    assert "1 // 0" in (job.traceback or "")
    assert laboratory.events(unexpected)[-1].kind == "failed"


def test_a_running_job_is_cancelled_within_a_batch_whatever_its_code_catches(
    laboratory: Laboratory,
) -> None:
    job_id = laboratory.ask(FailRequest(how="swallow"))
    behind = laboratory.ask(CountRequest(file=laboratory.folder / "steps", steps=1))
    laboratory.start_worker("until-idle")
    laboratory.wait_until(lambda: laboratory.job(job_id).status == "running")

    begun = time.monotonic()
    laboratory.cancel(job_id)
    job = laboratory.wait_for_end(job_id)
    assert job.status == "cancelled"
    assert time.monotonic() - begun < 3
    kinds = [event.kind for event in laboratory.events(job_id)]
    assert kinds == ["queued", "started", "cancelling", "cancelled"]
    assert laboratory.wait_for_end(behind).status == "succeeded"


def test_a_request_that_this_version_does_not_understand_fails_and_harms_no_other(
    laboratory: Laboratory,
) -> None:
    class OlderRequest(CountRequest):
        flavour: str = "vanilla"

    older = laboratory.ask(OlderRequest(file=laboratory.folder / "steps"))
    behind = laboratory.ask(CountRequest(file=laboratory.folder / "steps", steps=1))
    laboratory.start_worker("until-idle").wait(timeout=30)
    assert laboratory.job(older).status == "failed"
    assert "flavour" in (laboratory.job(older).traceback or "")
    assert laboratory.job(behind).status == "succeeded"


def test_what_a_job_held_in_memory_is_freed_when_it_ends_however_it_ends(
    laboratory: Laboratory,
) -> None:
    for end in ("well", "badly"):
        laboratory.ask(HoldRequest(end=end))
    endless = laboratory.ask(HoldRequest(end="cancelled"))
    looking = laboratory.ask(LookRequest())
    laboratory.start_worker()
    laboratory.wait_until(lambda: laboratory.job(endless).status == "running")
    laboratory.cancel(endless)
    assert laboratory.wait_for_end(looking).result == {"held": 0}


def test_a_data_folder_may_be_named_with_signs_that_mean_something_in_urls(tmp_path: Path) -> None:
    folder = tmp_path / "what? #1 at 100%41"
    laboratory = open_laboratory(folder)
    try:
        job_id = laboratory.ask(CountRequest(file=tmp_path / "steps", steps=1))
        laboratory.start_worker("until-idle").wait(timeout=30)
        assert laboratory.job(job_id).status == "succeeded", laboratory.logs()
        assert {"store.sqlite", "queue.sqlite"} <= {file.name for file in folder.iterdir()}
        assert [file.name for file in tmp_path.iterdir() if file.is_dir()] == [folder.name]
        backup(laboratory.engine, tmp_path / "copy? #2.sqlite")
    finally:
        laboratory.close()
    assert (tmp_path / "copy? #2.sqlite").stat().st_size > 0
