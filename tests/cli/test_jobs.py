"""`patchclamp jobs`: what users see and do."""

from collections.abc import Callable
from datetime import UTC, datetime
from subprocess import Popen

import pytest

from app.commands import asking, watching
from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.queries.job import create_job, get_job
from app.store.requests import PrepareDemoRequest
from app.store.tables.job import JobEventTable, JobTable
from tests.cli.conftest import Run


@pytest.fixture
def job_id(store: Settings) -> str:
    with open_session(open_engine(store), commit=True) as session:
        return create_job(session, request=PrepareDemoRequest(model="toy"), actor="ada").id


def test_jobs_are_listed_with_the_hint_that_nobody_works(run: Run, job_id: str) -> None:
    done = run("jobs")
    assert done.returncode == 0
    assert job_id in done.stdout
    assert "queued" in done.stdout
    assert "No worker is running" in done.stdout
    assert "No jobs" in run("jobs", "list", "--status", "failed").stdout


def test_a_job_is_shown_by_the_beginning_of_its_id(run: Run, job_id: str) -> None:
    done = run("jobs", "show", job_id[:8])
    assert done.returncode == 0
    assert f"job       {job_id}" in done.stdout
    assert "model = toy" in done.stdout
    assert "asked by  ada" in done.stdout


def test_a_queued_job_is_cancelled(run: Run, store: Settings, job_id: str) -> None:
    done = run("jobs", "cancel", job_id[:8])
    assert done.stdout == f"Job {job_id} is cancelled.\n"
    with open_session(open_engine(store)) as session:
        assert get_job(session, job_id=job_id).status == "cancelled"


def test_watching_ends_with_the_job_and_tells_its_outcome(
    run: Run, start: Callable[..., Popen[str]], job_id: str
) -> None:
    watching = start("jobs", "watch", job_id)
    run("jobs", "cancel", job_id)
    output, _ = watching.communicate(timeout=30)
    assert watching.returncode == 1
    assert f"Job {job_id} was cancelled" in output


def test_nothing_that_a_job_says_steers_the_terminal(
    run: Run, store: Settings, job_id: str
) -> None:
    evil = "a\x1b]0;title\x07b\u202ec"
    with open_session(open_engine(store), commit=True) as session:
        job = session.get_one(JobTable, job_id)
        job.status, job.error, job.message = "failed", evil, f"Waiting: {evil}"
        job.traceback = f"Traceback:\n  {evil}"
        now = datetime.now(UTC)
        session.add(JobEventTable(job_id=job_id, at=now, kind="waiting", data={"message": evil}))
    shown, watched = run("jobs", "show", job_id), run("jobs", "watch", job_id)
    for output in (shown.stdout, watched.stderr):
        assert all(line.isprintable() for line in output.splitlines())
        assert r"a\x1b]0;title\x07b\u202ec" in output
    assert "Traceback:\n  a" in shown.stdout


def test_the_result_that_was_waited_for_does_not_steer_the_terminal_either(
    store: Settings,
    job_id: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine = open_engine(store)
    with open_session(engine) as session:
        job = get_job(session, job_id=job_id)
    evil = {"file": "a\x1b]0;title\x07b\u202ec"}
    done = job.model_copy(update={"status": "succeeded", "result": evil})
    monkeypatch.setattr(watching, "watch", lambda *_, **__: done)
    asking.wait_for(engine, job_id, lease_seconds=2)
    told = capsys.readouterr().out
    assert told == "Done: {'file': 'a\\x1b]0;title\\x07b\\u202ec'}\n"


def test_no_jobs_is_no_error(run: Run) -> None:
    done = run("jobs")
    assert (done.returncode, done.stderr) == (0, "")
    assert "No jobs" in done.stdout
