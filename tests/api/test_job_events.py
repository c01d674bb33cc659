"""Watching a job: replayed from the table, then live, over a real connection."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import fastapi.sse
import httpx
import pytest
from sqlalchemy import Engine, event

from app.api.v1 import job_events
from app.store.engine import open_session
from app.store.tables.job import JobEventTable, JobTable

JOB = "a" * 32


def add_job(engine: Engine, status: str, *kinds: str) -> None:
    now = datetime.now(UTC)
    with open_session(engine, commit=True) as session:
        session.add(
            JobTable(
                id=JOB,
                kind="sweep",
                status=status,
                request={},
                created_by="somebody",
                created_at=now,
                cancel_requested=False,
                attempts=1,
            )
        )
        session.flush()
        session.add_all(JobEventTable(job_id=JOB, at=now, kind=kind, data={}) for kind in kinds)


def add_event(engine: Engine, kind: str, status: str = "running") -> None:
    with open_session(engine, commit=True) as session:
        session.get_one(JobTable, JOB).status = status
        session.add(JobEventTable(job_id=JOB, at=datetime.now(UTC), kind=kind, data={"n": 1}))


def read_events(answer: httpx.Response) -> Iterator[dict[str, str]]:
    """The fields of each event; comments have the field ''."""
    found: dict[str, str] = {}
    for line in answer.iter_lines():
        if not line and found:
            yield found
            found = {}
        elif line:
            name, _, value = line.partition(":")
            found[name] = value.strip()


def path(query: str = "") -> str:
    return f"/api/v1/jobs/{JOB}/events{query}"


def test_the_events_of_an_ended_job_are_replayed_and_the_stream_ends(empty_app, empty):
    add_job(empty_app.state.engine, "succeeded", "queued", "started", "succeeded")
    with empty.stream("GET", path()) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        events = list(read_events(answer))
    assert [item["event"] for item in events] == ["queued", "started", "succeeded"]
    assert [item["id"] for item in events] == ["1", "2", "3"]
    assert f'"job_id":"{JOB}"' in events[0]["data"].replace(" ", "")


@pytest.mark.parametrize(
    ("query", "headers"),
    [("?after=2", {}), ("", {"last-event-id": "2"}), ("?after=1", {"last-event-id": "2"})],
)
def test_a_client_that_comes_back_gets_only_what_it_missed(empty_app, empty, query, headers):
    add_job(empty_app.state.engine, "failed", "queued", "started", "failed")
    with empty.stream("GET", path(query), headers=headers) as answer:
        assert [item["event"] for item in read_events(answer)] == ["failed"]


@pytest.mark.parametrize("given", ["-1", "x", str(2**63)])
def test_a_place_that_is_none_is_refused(empty_app, empty, given):
    add_job(empty_app.state.engine, "succeeded")
    assert empty.get(path(f"?after={given}")).status_code == 422
    assert empty.get(path(), headers={"last-event-id": given}).status_code == 422


def test_the_stream_is_not_compressed_so_nothing_is_held_back(empty_app, empty):
    add_job(empty_app.state.engine, "succeeded", *["progress"] * 100)
    answer = empty.get(path(), headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.text.count("event: progress") == 100


def test_events_arrive_while_the_job_runs_until_it_ends(empty_app, empty_url):
    engine = empty_app.state.engine
    add_job(engine, "running", "queued")
    with httpx.stream("GET", empty_url + path(), timeout=10) as answer:
        events = read_events(answer)
        assert next(events)["event"] == "queued"
        add_event(engine, "started")
        assert next(events)["event"] == "started"
        add_event(engine, "succeeded", "succeeded")
        assert [item["event"] for item in events] == ["succeeded"]


def test_a_quiet_stream_is_kept_alive_by_comments(empty_app, empty_url, monkeypatch):
    monkeypatch.setattr(fastapi.sse, "_PING_INTERVAL", 0.05)
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.05)
    add_job(empty_app.state.engine, "running", "queued")
    with httpx.stream("GET", empty_url + path(), timeout=10) as answer:
        lines = answer.iter_lines()
        assert any(line.startswith(":") for line in lines)


def test_other_requests_are_answered_while_jobs_are_watched(empty_app, empty_url):
    add_job(empty_app.state.engine, "running", "queued")
    streams = [httpx.stream("GET", empty_url + path(), timeout=10) for _ in range(12)]
    answers = [stream.__enter__() for stream in streams]
    try:
        assert all(next(read_events(answer))["event"] == "queued" for answer in answers)
        started = time.perf_counter()
        assert httpx.get(f"{empty_url}/api/v1/jobs").status_code == 200
        assert time.perf_counter() - started < 2
    finally:
        for stream in streams:
            stream.__exit__(None, None, None)


def test_the_table_is_left_alone_once_the_client_has_gone(empty_app, empty_url, monkeypatch):
    monkeypatch.setattr(job_events, "POLL_SECONDS", 0.02)
    engine = empty_app.state.engine
    add_job(engine, "running", "queued")
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with httpx.stream("GET", empty_url + path(), timeout=10) as answer:
        next(read_events(answer))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        before = len(statements)
        time.sleep(0.2)
        if len(statements) == before:
            return
    pytest.fail("the server still polls for a client that has gone")


def test_the_loop_never_waits_for_the_database(empty_app, empty_url, monkeypatch):
    """A slow store delays the watcher, not the rest."""
    add_job(empty_app.state.engine, "running", "queued")
    threads: set[str] = set()
    read = job_events.jobs.list_events

    def slow(*args: object, **names: object) -> object:
        threads.add(threading.current_thread().name)
        time.sleep(1)
        return read(*args, **names)

    monkeypatch.setattr(job_events.jobs, "list_events", slow)
    with httpx.stream("GET", empty_url + path(), timeout=10) as answer:
        started = time.perf_counter()
        assert httpx.get(f"{empty_url}/healthz").status_code == 200
        assert time.perf_counter() - started < 0.9
        next(read_events(answer))
    assert all("AnyIO worker" in name for name in threads)
