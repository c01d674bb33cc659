"""The command as users start it, in a process of its own, on a data folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.store.engine import open_engine
from tests.kept import migrate

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "app"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "PATCHCLAMP" not in name}
    return kept | {
        "PATCHCLAMP_DATA": str(tmp_path),
        "PATCHCLAMP_PORT": "0",
        "PATCHCLAMP_LEASE_SECONDS": "2",
        "PATCHCLAMP_POLL_SECONDS": "0.05",
        "COLUMNS": "100",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def run_command(
        *arguments: str, typed: str | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            input=typed or "",
            env=environment | more,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run_command


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a command that goes on; it is killed after the test, whatever became of it."""
    started: list[subprocess.Popen[str]] = []

    def start_command(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start_command
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture
def store(tmp_path: Path) -> Settings:
    """A migrated, empty store in the command's data folder."""
    settings = Settings(data=tmp_path)
    engine = open_engine(settings)
    migrate(engine)
    engine.dispose()
    return settings
