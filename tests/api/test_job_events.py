"""Watching a job: replayed from the table, then live, over a real connection."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import pairwise

import fastapi.sse
import httpx
import pytest
from sqlalchemy import Engine, event

from app.api import streams
from app.api.streams import EventStreams
from app.errors import UnavailableError
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
    open_streams = [httpx.stream("GET", empty_url + path(), timeout=10) for _ in range(12)]
    answers = [stream.__enter__() for stream in open_streams]
    try:
        assert all(next(read_events(answer))["event"] == "queued" for answer in answers)
        assert httpx.get(f"{empty_url}/api/v1/jobs", timeout=30).status_code == 200
    finally:
        for stream in open_streams:
            stream.__exit__(None, None, None)


def test_the_table_is_left_alone_once_the_client_has_gone(empty_app, empty_url, monkeypatch):
    monkeypatch.setattr(streams, "POLL_SECONDS", 0.02)
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
    answered = threading.Event()
    read = streams.jobs.list_events

    def slow(*args: object, **names: object) -> object:
        threads.add(threading.current_thread().name)
        answered.wait(60)
        return read(*args, **names)

    monkeypatch.setattr(streams.jobs, "list_events", slow)
    with httpx.stream("GET", empty_url + path(), timeout=10) as answer:
        assert httpx.get(f"{empty_url}/healthz", timeout=30).status_code == 200
        answered.set()
        next(read_events(answer))
    assert all("AnyIO worker" in name for name in threads)


def test_many_watchers_of_one_job_share_one_reading_of_its_table(empty_app, empty_url, monkeypatch):
    engine = empty_app.state.engine
    add_job(engine, "running", "queued")
    readings: list[int] = []
    read = streams.jobs.list_events
    monkeypatch.setattr(
        streams.jobs,
        "list_events",
        lambda *args, **names: readings.append(names["after"]) or read(*args, **names),
    )
    with ExitStack() as stack:
        answers = [
            stack.enter_context(httpx.stream("GET", empty_url + path(), timeout=10))
            for _ in range(12)
        ]
        watchers = [read_events(answer) for answer in answers]
        assert [next(events)["event"] for events in watchers] == ["queued"] * 12
        add_event(engine, "started")
        assert [next(events)["event"] for events in watchers] == ["started"] * 12
        add_event(engine, "succeeded", "succeeded")
        assert [[item["event"] for item in events] for events in watchers] == [["succeeded"]] * 12
    assert readings.count(1) < 12  # alone, each would have waited for `started` by itself
    assert readings.count(2) < 12


def test_a_watcher_that_joins_late_gets_what_came_before(empty_app, empty_url):
    engine = empty_app.state.engine
    add_job(engine, "running", "queued", "started", "planned")
    with httpx.stream("GET", empty_url + path("?after=3"), timeout=10) as first:
        with httpx.stream("GET", empty_url + path("?after=1"), timeout=10) as second:
            late = read_events(second)
            assert [next(late)["event"] for _ in range(2)] == ["started", "planned"]
            add_event(engine, "succeeded", "succeeded")
            assert [item["event"] for item in late] == ["succeeded"]
        assert [item["event"] for item in read_events(first)] == ["succeeded"]


def test_a_first_watcher_that_asks_for_too_much_takes_nothing_from_the_others(empty_app, empty_url):
    engine = empty_app.state.engine
    add_job(engine, "running", "queued")
    with httpx.stream("GET", empty_url + path("?after=2147483647"), timeout=10) as first:
        with httpx.stream("GET", empty_url + path("?after=1"), timeout=10) as second:
            add_event(engine, "started")
            others = read_events(second)
            assert next(others)["event"] == "started"
            add_event(engine, "succeeded", "succeeded")
            assert [item["event"] for item in others] == ["succeeded"]
        assert list(read_events(first)) == []


def test_more_streams_than_allowed_are_refused_until_one_closes(empty_app, empty_url):
    empty_app.state.streams = EventStreams(2)
    add_job(empty_app.state.engine, "running", "queued")
    with ExitStack() as stack:
        answers = [
            stack.enter_context(httpx.stream("GET", empty_url + path(), timeout=10))
            for _ in range(2)
        ]
        watchers = [read_events(answer) for answer in answers]
        assert [next(events)["event"] for events in watchers] == ["queued"] * 2
        refused = httpx.get(empty_url + path())
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert "PATCHCLAMP_MOST_STREAMS" in refused.json()["hint"]
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with httpx.stream("GET", empty_url + path(), timeout=10) as answer:
            if answer.status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail("the places were not given back")


def test_a_quiet_job_is_looked_at_ever_less_often(empty_app, empty_url, monkeypatch):
    monkeypatch.setattr(streams, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(streams, "LONGEST_POLL_SECONDS", 0.5)
    add_job(empty_app.state.engine, "running", "queued")
    moments: list[float] = []
    read = streams.jobs.list_events
    monkeypatch.setattr(
        streams.jobs,
        "list_events",
        lambda *args, **names: moments.append(time.monotonic()) or read(*args, **names),
    )
    with httpx.stream("GET", empty_url + path(), timeout=10) as answer:
        events = read_events(answer)
        next(events)
        time.sleep(1.5)
    gaps = [after - before for before, after in pairwise(moments)]
    assert len(gaps) < 20  # 75 at the pace of the beginning
    assert max(gaps) > 0.3


def test_a_store_that_fails_ends_the_stream_and_the_next_one_works(
    empty_app, empty_url, monkeypatch
):
    engine = empty_app.state.engine
    add_job(engine, "running", "queued")
    with monkeypatch.context() as patch:
        patch.setattr(streams.jobs, "list_events", fail)
        with httpx.stream("GET", empty_url + path(), timeout=10) as answer:
            assert list(read_events(answer)) == []
    with httpx.stream("GET", empty_url + path(), timeout=10) as answer:
        assert next(read_events(answer))["event"] == "queued"


def fail(*args: object, **names: object) -> None:  # noqa: ARG001
    raise UnavailableError("The store cannot be used: the disk is full.")
