"""Asks a worker for a job, and waits for it where that is wanted."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.commands.formatting import size
from app.commands.opening import ACTOR
from app.printable import escaped
from app.store.opening import opened_store

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.store.requests import JobRequest
    from app.store.sizing import SweepSize

LARGE: Final = 100e6
"""Bytes; of what a sweep writes beyond it, ways to write less are named."""

Wait = Annotated[bool, typer.Option("--wait", help="Show progress until it has ended.")]


def ask(request: "JobRequest", *, wait: bool) -> None:
    """Puts the job into the store; says how to watch it, or shows its progress to the end."""
    from app.commands.watching import what_waits
    from app.store.asking import questions_of
    from app.store.engine import open_session
    from app.store.queries.job import create_job
    from app.store.requests import ExplainRequest, SweepRequest
    from app.store.sizing import size_of

    with opened_store() as (settings, engine):
        with open_session(engine, commit=True) as session:
            job = create_job(session, request=request, actor=ACTOR)
            if isinstance(request, SweepRequest):
                typer.echo(_size_told(size_of(session, request)))
            if isinstance(request, ExplainRequest) and request.assistant is not None:
                typer.echo(f"It will ask {questions_of(request.assistant).words}.")
        if wait:
            wait_for(engine, job.id, lease_seconds=settings.lease_seconds)
        else:
            typer.echo(f"Job {job.id} waits for a worker.")
            if job.waiting is not None:
                typer.echo(what_waits(job.waiting))
            typer.echo(f"Watch it with `patchclamp jobs watch {job.id}`.")


def wait_for(engine: "Engine", job_id: str, *, lease_seconds: float) -> None:
    """Shows the job's progress and its result; Ctrl-C asks whether to cancel it."""
    from app.commands.watching import watch
    from app.store.engine import open_session
    from app.store.queries.job import request_cancel

    try:
        job = watch(engine, job_id, lease_seconds=lease_seconds)
    except KeyboardInterrupt:
        if not typer.confirm("Cancel the job? (No leaves it running)", default=False, err=True):
            typer.echo(f"It goes on; watch it with `patchclamp jobs watch {job_id}`.", err=True)
            return
        with open_session(engine, commit=True) as session:
            request_cancel(session, job_id=job_id, actor=ACTOR)
        typer.echo("The job ends within a batch; what it has stored so far stays.", err=True)
    else:
        typer.echo(escaped(f"Done: {job.result}"))


def _size_told(told: "SweepSize") -> str:
    text = (
        f"It will write about {size(told.n_bytes)}: {size(told.pools)} of pools, {size(told.rows)} "
        f"of exemplars and statistics of {told.n_units:,} units."
    )
    if told.n_bytes > LARGE:
        text += (
            "\nLess: smaller pools with --sampling default:pool=4, fewer exemplars with "
            "--sampling fit:top=4,bottom=2,per_interval=1,random=2."
        )
    return text
