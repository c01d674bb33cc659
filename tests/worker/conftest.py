"""A store in a temporary folder, and real worker processes on it that are gone after the test."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.settings import Settings
from app.store.ending import ENDED
from app.store.engine import open_engine, open_session
from app.store.queries.job import create_job, get_job, list_events, request_cancel
from app.store.request_fields import Request
from app.store.views.job import JobEventView, JobView
from tests.conftest import Server
from tests.kept import migrate

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("program.py")


@dataclass
class Laboratory:
    """What a test does to a store and its workers."""

    settings: Settings
    engine: Engine
    environment: dict[str, str]
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.settings.data

    def start_worker(self, *arguments: str) -> subprocess.Popen[str]:
        with (self.folder / f"worker-{len(self.processes)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
                text=True,
            )
        self.processes.append(process)
        return process

    def ask(self, request: Request) -> str:
        with open_session(self.engine, commit=True) as session:
            return create_job(session, request=request, actor="tester").id

    def job(self, job_id: str) -> JobView:
        with open_session(self.engine) as session:
            return get_job(session, job_id=job_id)

    def cancel(self, job_id: str) -> JobView:
        with open_session(self.engine, commit=True) as session:
            return request_cancel(session, job_id=job_id, actor="tester")

    def events(self, job_id: str) -> list[JobEventView]:
        with open_session(self.engine) as session:
            return list_events(session, job_id=job_id)

    def wait_for_end(self, job_id: str, seconds: float = 30) -> JobView:
        self.wait_until(lambda: self.job(job_id).status in ENDED, seconds)
        return self.job(job_id)

    def wait_until(self, condition: Callable[[], object], seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(self.logs())
            time.sleep(0.02)

    def logs(self) -> str:
        return "\n".join(file.read_text() for file in sorted(self.folder.glob("*.log")))

    def lines(self, file: Path) -> list[str]:
        return file.read_text().splitlines() if file.exists() else []

    def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.engine.dispose()


def open_laboratory(folder: Path, database_url: str | None = None) -> Laboratory:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PATCHCLAMP_DATA": str(folder),
        "PATCHCLAMP_LEASE_SECONDS": "2",
        "PATCHCLAMP_POLL_SECONDS": "0.05",
    }
    if database_url:
        environment["PATCHCLAMP_DATABASE_URL"] = database_url
    settings = Settings(data=folder, database_url=database_url, lease_seconds=2, poll_seconds=0.05)
    engine = open_engine(settings)
    if database_url is None:
        migrate(engine)
    return Laboratory(settings, engine, environment)


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Laboratory]:
    opened = open_laboratory(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def postgresql_laboratory(
    tmp_path: Path, postgresql: Server, migrated_template: str
) -> Iterator[Laboratory]:
    opened = open_laboratory(tmp_path, postgresql.create(template=migrated_template))
    yield opened
    opened.close()
