"""Workers that die one after the other, each right after one more commit of its own sweep.

Started as `python dying.py REQUEST NOTES`, with the request as JSON. The nth worker first ends the
sweep at which the one before it died, then takes the nth sweep and kills itself after its nth
commit: of the store, or of the memory of steps. The first that gets through its sweep alive is the
last. Every worker is a fork, so that torch is loaded once. What was committed, and by which job, is
a line of the file NOTES.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from analysis.worker import process
from analysis.worker.context import JobContext
from analysis.worker.durable import run_step
from analysis.worker.kinds import KINDS
from analysis.worker.sweeping.checkpoints import Checkpoints
from app.settings import Settings, get_settings
from app.store import queue
from app.store.engine import open_engine, open_session
from app.store.queries.job import create_job
from app.store.requests import SweepRequest

transaction, finish = JobContext.transaction, queue.finish


class Fuse:
    """Kills this process after so many commits of one job."""

    def __init__(self, job_id: str, commits: int) -> None:
        self.job_id = job_id
        self.left = commits
        self.under_way = ""
        """The job whose step is being run."""

    def burn(self, job_id: str, what: str) -> None:
        if job_id != self.job_id:
            return
        self.left -= 1
        if not self.left:
            note(f"{what} {job_id}")
            os.kill(os.getpid(), signal.SIGKILL)

    def transaction(self, context: JobContext[Any]) -> Any:
        @contextmanager
        def fused() -> Iterator[Any]:
            with transaction(context) as session:
                yield session
            self.burn(context.job_id, "store")

        return fused()

    def run_step(self, name: str, function: Callable[[], Any]) -> Any:
        result = run_step(name, function)
        self.burn(self.under_way, f"step-{name}")
        return result

    def finish(self, engine: Any, claim: queue.Claim, *arguments: Any, **more: Any) -> None:
        finish(engine, claim, *arguments, **more)
        self.burn(claim.job_id, "end")


def note(line: str) -> None:
    with Path(sys.argv[2]).open("a") as file:
        file.write(f"{line}\n")


def ask(settings: Settings, request: SweepRequest) -> str:
    engine = open_engine(settings)
    with open_session(engine, commit=True) as session:
        job_id = create_job(session, request=request, actor="tester").id
    engine.dispose()
    return job_id


def work(settings: Settings, fuse: Fuse) -> None:
    def fused(context: JobContext[Any]) -> Any:
        return fuse.transaction(context)

    JobContext.transaction = fused  # type: ignore[method-assign]
    Checkpoints.due = property(lambda _: True)  # type: ignore[assignment] # by the clock otherwise
    process.run_step = fuse.run_step
    queue.finish = fuse.finish
    worker = process.Worker(settings, KINDS)
    execute = worker._execute

    def noted(claim: queue.Claim) -> None:
        fuse.under_way = claim.job_id
        execute(claim)

    worker._execute = noted  # type: ignore[method-assign]
    worker.run(until_idle=True)
    note(f"alive {fuse.job_id}")


def main() -> None:
    settings, request = get_settings(), SweepRequest.model_validate_json(sys.argv[1])
    for commits in count(1):
        job_id = ask(settings, request)
        child = os.fork()
        if child == 0:
            work(settings, Fuse(job_id, commits))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return
        time.sleep(settings.lease_seconds)


if __name__ == "__main__":
    main()
