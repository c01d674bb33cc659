"""A worker process with job kinds made for tests; started as `python program.py [until-idle]`."""

import errno
import os
import resource
import signal
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any, Literal

from analysis.worker.context import JobContext
from analysis.worker.jobs import JobKind, JobKinds
from analysis.worker.process import Worker
from app.errors import BadRequestError, UnavailableError
from app.logs import set_up_logging
from app.settings import get_settings
from app.store.request_fields import Request


class CountRequest(Request):
    """Writes a line per step to a file, with the process that did it."""

    kind: Literal["count"] = "count"
    file: Path
    steps: int = 3
    batches: int = 4
    seconds: float = 0.05
    """per batch"""
    patience: float = 0.0
    """For so long a step may go on when its worker is asked to stop."""


class FailRequest(Request):
    kind: Literal["fail"] = "fail"
    how: Literal["user", "bug", "swallow"] = "user"


class FullRequest(Request):
    """The disk is full until a file appears."""

    kind: Literal["full"] = "full"
    until: Path
    file: Path


class CrampRequest(Request):
    """Nothing can be written for a while, now and then."""

    kind: Literal["cramp"] = "cramp"
    file: Path


class StallRequest(Request):
    """Stops its own process (SIGSTOP) in the middle; writes once there is a file `.go`."""

    kind: Literal["stall"] = "stall"
    file: Path


class HoldRequest(Request):
    """Holds something large whose parts refer to each other, as a model's do, and ends somehow."""

    kind: Literal["hold"] = "hold"
    end: Literal["well", "badly", "cancelled"] = "well"


class LookRequest(Request):
    """How much of what earlier jobs held is still there."""

    kind: Literal["look"] = "look"


class Held:
    def __init__(self) -> None:
        self.itself = self


held: weakref.WeakSet[Held] = weakref.WeakSet()


def hold(context: JobContext[HoldRequest]) -> None:
    large = Held()
    held.add(large)

    def work() -> None:
        if context.request.end == "badly":
            raise ValueError(f"{large} is not wanted")
        while context.request.end == "cancelled":
            context.check_cancelled()
            time.sleep(0.02)

    context.step("work", work)


def look(context: JobContext[LookRequest]) -> dict[str, Any]:  # noqa: ARG001
    return {"held": len(held)}


def count(context: JobContext[CountRequest]) -> dict[str, Any]:
    request = context.request

    def step(number: int) -> int:
        for batch in range(request.batches):
            context.check_cancelled(request.patience)
            time.sleep(request.seconds)
            done = number * request.batches + batch + 1
            context.progress(done, request.steps * request.batches, "batches")
        note(request.file, f"{context.job_id} {number} {os.getpid()}")
        return number * number

    squares = [context.step(f"step-{number}", step, number) for number in range(request.steps)]
    return {"squares": squares}


def fail(context: JobContext[FailRequest]) -> None:
    if context.request.how == "user":
        raise BadRequestError("The soup is cold.", hint="Warm it.")
    if context.request.how == "bug":
        context.step("divide", lambda: 1 // 0)
    try:
        while True:
            context.check_cancelled()
            time.sleep(0.02)
    except Exception:  # noqa: BLE001 (a method that catches everything)
        time.sleep(3600)


def full(context: JobContext[FullRequest]) -> dict[str, Any]:
    def write() -> str:
        if not context.request.until.exists():
            raise OSError(errno.ENOSPC, "No space left on device", "pool.bin")
        return "written"

    def first() -> str:
        note(context.request.file, "first")
        return "first"

    return {"steps": [context.step("first", first), context.step("second", write)]}


def stall(context: JobContext[StallRequest]) -> dict[str, Any]:
    first = not context.request.file.exists()
    note(context.request.file, f"began {os.getpid()}")
    while first and not context.request.file.with_suffix(".go").exists():
        os.kill(os.getpid(), signal.SIGSTOP)  # until the test says that another has taken over
        time.sleep(0.05)
    with context.transaction():
        note(context.request.file, f"wrote {os.getpid()}")
    return {"by": os.getpid()}


def cramp(context: JobContext[CrampRequest]) -> dict[str, Any]:
    """The second step cannot write its file for a while, the third's result cannot be kept."""

    def first() -> str:
        note(context.request.file, "first")
        return "first"

    def second() -> int:
        if not context.request.file.with_suffix(".big").exists():
            _allow_no_writing(seconds=1.0)
        return context.request.file.with_suffix(".big").write_bytes(b"x" * 100_000)

    def third() -> str:
        note(context.request.file, "third")
        if context.request.file.read_text().count("third") == 1:
            _allow_no_writing(seconds=1.5)
        return "third"

    return {
        "steps": [
            context.step("first", first),
            context.step("second", second),
            context.step("third", third),
        ]
    }


def _allow_no_writing(seconds: float) -> None:
    """Every file of this process is full, for a while: what the system can do without a disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    threading.Timer(seconds, resource.setrlimit, (resource.RLIMIT_FSIZE, unlimited)).start()


def note(file: Path, line: str) -> None:
    with file.open("a") as stream:
        stream.write(line + "\n")


KINDS = JobKinds(
    [
        JobKind("count", CountRequest, count),
        JobKind("fail", FailRequest, fail),
        JobKind("full", FullRequest, full),
        JobKind("cramp", CrampRequest, cramp),
        JobKind("stall", StallRequest, stall),
        JobKind("hold", HoldRequest, hold),
        JobKind("look", LookRequest, look),
    ]
)

if __name__ == "__main__":
    set_up_logging(get_settings())
    worker = Worker(get_settings(), KINDS, grace_seconds=2)
    worker.stop_on_signals()
    try:
        worker.run(until_idle="until-idle" in sys.argv)
    except UnavailableError as error:
        sys.exit(f"{error.detail} {error.hint}")
