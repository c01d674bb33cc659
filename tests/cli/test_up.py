"""`serve`, `up` and `demo` in real processes: they answer, survive, and stop together."""

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import httpx
import psutil
import pytest
from sqlalchemy import update

from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.queries.job import create_job, list_jobs, list_living_workers
from app.store.requests import PrepareDemoRequest
from app.store.tables.job import JobTable

Start = Callable[..., Popen[str]]
ADDRESS = re.compile(r"Patchclamp is at (http://\S+)")


class Output:
    """Reads what a process says, so that it never waits for a reader."""

    def __init__(self, process: Popen[str]) -> None:
        self.lines: list[str] = []
        assert process.stdout is not None
        self._stream = process.stdout
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(ValueError, OSError):
            self.lines.extend(iter(self._stream.readline, ""))

    def wait_for(self, pattern: str, seconds: float = 30, n: int = 1) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [match for line in list(self.lines) if (match := re.search(pattern, line))]
            if len(found) >= n:
                return found[n - 1].group(found[n - 1].lastindex or 0)
            time.sleep(0.02)
        raise TimeoutError("".join(self.lines))


def children(process: Popen[str]) -> dict[str, psutil.Process]:
    """By the command that each runs."""
    found = psutil.Process(process.pid).children()
    return {child.cmdline()[3]: child for child in found if len(child.cmdline()) > 3}


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{url}/healthz", timeout=10).status_code == 200
    return False


def test_up_starts_what_dies_again_and_stops_everything_on_sigterm(start: Start) -> None:
    process = start("up")
    output = Output(process)
    url = output.wait_for(ADDRESS.pattern)
    assert answers(url)
    wait_until(lambda: len(children(process)) == 3)
    first = children(process)

    for name, command in (("web", "serve"), ("worker", "worker"), ("inference", "inference")):
        first[command].kill()
        output.wait_for(f"{name} .*killed by SIGKILL.*starting again")
    wait_until(lambda: len(children(process)) == 3)
    wait_until(lambda: answers(url))

    second = children(process)
    assert second["serve"].pid != first["serve"].pid
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert not any(child.is_running() for child in second.values())


def test_children_leave_when_their_supervisor_is_killed(start: Start) -> None:
    process = start("up")
    Output(process).wait_for(ADDRESS.pattern)
    wait_until(lambda: len(children(process)) == 3)
    orphans = list(children(process).values())
    assert len(orphans) == 3
    process.kill()
    process.wait()
    _, left = psutil.wait_procs(orphans, timeout=30)
    assert left == []


def test_web_side_and_inference_service_find_each_other_and_no_command_line_tells_the_secret(
    start: Start,
) -> None:
    process = start("up")
    url = Output(process).wait_for(ADDRESS.pattern)
    wait_until(lambda: httpx.get(f"{url}/readyz").json().get("inference") == "ok")
    assert "patchclamp_inference_up 1.0" in httpx.get(f"{url}/metrics").text
    both = [children(process)[name] for name in ("serve", "inference")]
    secret = {child.environ()["PATCHCLAMP_INFERENCE_SECRET"] for child in both}
    assert len(secret) == 1
    assert len(next(iter(secret))) >= 32
    assert "PATCHCLAMP_INFERENCE_SECRET" not in children(process)["worker"].environ()
    told = [word for child in (*both, process) for word in psutil.Process(child.pid).cmdline()]
    assert not any(next(iter(secret)) in word for word in told)


@pytest.mark.parametrize("asked_by", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_within_seconds_though_an_event_stream_is_open(
    start: Start, store: Settings, asked_by: signal.Signals
) -> None:
    with open_session(open_engine(store), commit=True) as session:
        job = create_job(session, request=PrepareDemoRequest(), actor="ada")
    process = start("serve")
    url = Output(process).wait_for(ADDRESS.pattern)
    with httpx.stream("GET", f"{url}/api/v1/jobs/{job.id}/events", timeout=30) as stream:
        assert next(stream.iter_text())
        begun = time.monotonic()
        process.send_signal(asked_by)
        assert process.wait(timeout=20) == 0
        assert time.monotonic() - begun < 8


def test_the_demo_answers_soon_on_an_empty_store_and_asks_for_its_preparation_once(
    start: Start, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path)
    begun = time.monotonic()
    process = start("demo")
    output = Output(process)
    url = output.wait_for(ADDRESS.pattern, seconds=20)
    assert answers(url)
    assert time.monotonic() - begun < 20
    engine = open_engine(settings)
    with open_session(engine) as session:
        assert [job.kind for job in list_jobs(session).items] == ["prepare_demo"]

    output.wait_for("model is added first.*/m/smollm2-135m-instruct fills")
    wait_until(lambda: _workers(settings))
    process.terminate()
    assert process.wait(timeout=30) == 0
    again = start("demo")
    Output(again).wait_for(ADDRESS.pattern, seconds=20)
    with open_session(engine) as session:
        assert [job.kind for job in list_jobs(session).items] == ["prepare_demo"]
    os.kill(again.pid, signal.SIGINT)
    assert again.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("state", "said"),
    [("sweeping", "The sweep goes on"), ("swept", "Everything is there already")],
)
def test_a_demo_that_was_begun_before_says_what_is_there(
    start: Start, store: Settings, state: str, said: str
) -> None:
    engine = open_engine(store)
    with open_session(engine, commit=True) as session:
        job = create_job(session, request=PrepareDemoRequest(), actor="ada")
        status = "queued" if state == "sweeping" else "succeeded"
        made = update(JobTable).where(JobTable.id == job.id)
        session.execute(made.values(kind="sweep", status=status, request={}))
    output = Output(start("demo"))
    output.wait_for(f"{said}.*/m/smollm2-135m-instruct")


def _workers(settings: Settings) -> set[str]:
    with open_session(open_engine(settings)) as session:
        return list_living_workers(session, lease_seconds=5)
