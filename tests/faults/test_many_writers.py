"""A store that another process keeps locked: writers wait in few places, readers nowhere."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.testclient import TestClient

from app.dependencies import WriterQueue
from app.main import create_app
from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.migrating import upgrade
from app.store.tables.job import JobTable
from tests.api.conftest import serving

JOB = "b" * 32
N_WRITERS = 60


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """Of a store with one queued job; whoever writes waits four seconds for the lock."""
    app = create_app(Settings(data=tmp_path, log_level="error"))
    app.state.engine = open_engine(app.state.settings, busy_seconds=4)
    app.state.writers = WriterQueue(seconds=3)
    upgrade(app.state.engine)
    with open_session(app.state.engine, commit=True) as session:
        session.add(
            JobTable(
                id=JOB, kind="sweep", status="queued", request={}, created_by="somebody",
                created_at=datetime.now(UTC), cancel_requested=False, attempts=0,
            )
        )  # fmt: skip
    return app


@pytest.fixture
def locked(app: FastAPI, tmp_path: Path) -> Iterator[FastAPI]:
    with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield app


def test_readers_are_answered_while_many_writers_wait_for_a_lock(locked: FastAPI) -> None:
    with serving(locked) as url, ThreadPoolExecutor(N_WRITERS) as pool:
        begun = threading.Barrier(N_WRITERS + 1)

        def cancel() -> httpx.Response:
            begun.wait()
            return httpx.post(f"{url}/api/v1/jobs/{JOB}/cancel", timeout=30)

        writers = [pool.submit(cancel) for _ in range(N_WRITERS)]
        begun.wait()
        time.sleep(0.2)
        reads = 0
        while not any(writer.done() for writer in writers):
            assert httpx.get(f"{url}/api/v1/jobs", timeout=5).json()["items"][0]["id"] == JOB
            reads += 1
        answers = [writer.result() for writer in writers]
    assert reads > 0
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    details = {answer.json()["detail"] for answer in answers}
    assert {detail.split(":")[0] for detail in details} == {
        "The store cannot be used", "The store is busy",
    }  # fmt: skip


def test_after_the_lock_writers_are_served_again(app: FastAPI, tmp_path: Path) -> None:
    with TestClient(app) as client:
        with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert client.post(f"/api/v1/jobs/{JOB}/cancel").status_code == 503
        assert client.post(f"/api/v1/jobs/{JOB}/cancel").json()["status"] == "cancelled"


def test_a_store_without_a_free_connection_is_busy_and_says_when_to_come_back(
    app: FastAPI, tmp_path: Path
) -> None:
    app.state.engine = create_engine(
        f"sqlite:///{tmp_path / 'store.sqlite'}", pool_size=1, max_overflow=0, pool_timeout=0.1
    )
    with app.state.engine.connect(), TestClient(app) as client:
        with pytest.raises(PoolTimeoutError):
            app.state.engine.connect()
        answer = client.get("/api/v1/jobs")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("The store is busy")
    assert int(answer.headers["retry-after"]) > 0
