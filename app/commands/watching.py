"""Shows a job on the terminal until it has ended: progress, rate, time left, what happened."""

import time
from typing import TYPE_CHECKING

from app.commands.formatting import count, counted, left
from app.commands.opening import console
from app.errors import PatchclampError
from app.printable import escaped

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from sqlalchemy import Engine

    from app.store.views.job import JobEventView, JobView, WaitingView

POLL_SECONDS = 0.25
WORKERLESS_SECONDS = 3.0
QUIET = {"progress", "queued"}


class JobFailedError(PatchclampError):
    """The job that was waited for did not succeed."""


def watch(engine: "Engine", job_id: str, *, lease_seconds: float) -> "JobView":
    """The job as it ended. Raises JobFailedError where it failed or was cancelled."""
    from app.store.ending import ENDED
    from app.store.engine import open_session
    from app.store.queries.job import get_job, list_events, list_living_workers

    begun = time.monotonic()
    warned = told = False
    position = 0
    with _progress() as bar:
        task = bar.add_task("waiting for a worker", total=None, rate="", left="")
        while True:
            with open_session(engine) as session:
                job = get_job(session, job_id=job_id)
                events = list_events(session, job_id=job_id, after=position)
                workers = list_living_workers(session, lease_seconds=lease_seconds)
            for event in events:
                position = event.id
                if event.kind not in QUIET:
                    bar.console.print(_sentence(event))
            _show(bar, task, job)
            if job.waiting is not None and not told:
                told = True
                bar.console.print(what_waits(job.waiting), highlight=False, markup=False)
            if job.status in ENDED and not events:
                break
            if not workers and not warned and time.monotonic() - begun > WORKERLESS_SECONDS:
                warned = True
                bar.console.print("No worker is running: start one with `patchclamp worker`.")
            time.sleep(POLL_SECONDS)
    if job.status != "succeeded":
        raise JobFailedError(
            f"Job {job.id} {'was cancelled' if job.status == 'cancelled' else 'failed'}. "
            f"{job.error or ''}".strip(),
            hint=f"See `patchclamp jobs show {job.id}`.",
        )
    return job


def what_waits(waiting: "WaitingView") -> str:
    """What goes before a job that has not begun, and what workers do meanwhile."""
    n = waiting.n_before
    before = f"{counted(n, 'job')} {'goes' if n == 1 else 'go'} before it." if n else "It is next."
    if not waiting.busy:
        return before
    done = ", ".join(
        f"{job.kind} {job.id[:8]}{f' of {job.model}' if job.model else ''}" for job in waiting.busy
    )
    return f"{before} At work now: {escaped(done)}. `patchclamp worker` starts another worker."


def _progress() -> "Progress":
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        console=console(stderr=True),
    )


def _show(bar: "Progress", task: "TaskID", job: "JobView") -> None:
    progress = job.progress
    unit = progress.unit or ""
    if progress.done is not None and progress.total:
        amount = f"{count(progress.done)} of {count(progress.total)} {unit}"
    elif progress.done is not None:
        amount = f"{count(progress.done)} {unit}"
    else:
        amount = ""
    what = escaped(job.message or f"{job.kind} {job.status}")
    bar.update(
        task,
        description=f"{what}  {amount}".strip(),
        completed=progress.done or 0,
        total=progress.total,
        rate=f"{count(progress.rate)} {unit}/s" if progress.rate else "",
        left=left(progress),
    )


def _sentence(event: "JobEventView") -> str:
    told = ", ".join(
        f"{key.replace('_', ' ')}: {_amounts(value)}"
        for key, value in event.data.items()
        if value is not None and value != {}
    )
    told = escaped(f"{event.kind} ({told})" if told else event.kind)
    return f"{event.at.astimezone():%H:%M:%S} {told}"


def _amounts(value: object) -> object:
    """{"windows": 640.0} is `640 windows`; anything else stays as it is."""
    if isinstance(value, dict) and all(isinstance(n, int | float) for n in value.values()):
        return ", ".join(f"{count(n)} {unit}" for unit, n in value.items())
    return value
