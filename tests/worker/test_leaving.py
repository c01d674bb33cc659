"""A worker leaves when the end of its last job is recorded, and not before."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis.worker import durable
from app.settings import Settings


class SlowQueue:
    """In place of DBOS: it records the end of a job when it has been asked often enough."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.done: list[str] = []

    def ignore(self, *_: object, **__: object) -> None:
        pass

    __call__ = listen_queues = launch = register_queue = delete_queue = ignore

    def get_workflow_status(self, job_id: str) -> SimpleNamespace:
        self.done.append(f"asked for {job_id}")
        return SimpleNamespace(status=self.statuses.pop(0))

    def destroy(self) -> None:
        self.done.append("closed")


def worker_on(
    queue: SlowQueue, monkeypatch: pytest.MonkeyPatch, folder: Path, error: Exception | None = None
) -> durable.Durable:
    """One that has run a job, which raised or not."""

    def run(_: str) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(durable, "DBOS", queue)
    monkeypatch.setattr(durable, "_run", None)
    worker = durable.Durable(Settings(data=folder), worker_id="w")
    worker.launch(run)
    assert durable._run is not None
    if error is None:
        durable._run("job")
    else:
        with pytest.raises(type(error)):
            durable._run("job")
    return worker


def test_it_waits_until_the_end_is_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    queue = SlowQueue("ENQUEUED", "PENDING", "SUCCESS")
    worker_on(queue, monkeypatch, tmp_path).close()
    assert queue.done == ["asked for job"] * 3 + ["closed"]


def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(durable, "RECORD_SECONDS", 0.1)
    queue = SlowQueue(*["PENDING"] * 1000)
    worker_on(queue, monkeypatch, tmp_path).close()
    assert queue.done[-1] == "closed"
    assert queue.statuses


def test_it_does_not_wait_for_a_job_that_was_handed_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    queue = SlowQueue("PENDING")
    worker_on(queue, monkeypatch, tmp_path, error=InterruptedError()).close()
    assert queue.done == ["closed"]
