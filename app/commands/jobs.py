"""`jobs`: list them, show one, cancel it, watch it."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.formatting import ago, count, left
from app.commands.opening import ACTOR, console
from app.printable import escaped, escaped_lines
from app.store.opening import opened_store

if TYPE_CHECKING:
    from app.store.views.job import JobRow

JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's id, or how it begins.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(invoke_without_command=True)
    group.callback()(_list_by_default)
    for name, command in (
        ("list", list_), ("show", show), ("watch", watch), ("cancel", cancel),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="jobs", rich_help_panel="Look and steer")


def _list_by_default(context: typer.Context) -> None:
    """List, show, watch and cancel jobs.

    Examples:

      patchclamp jobs

      patchclamp jobs list --status failed

      patchclamp jobs watch 5f2c1f
    """
    if context.invoked_subcommand is None:
        list_()


def list_(
    status: Annotated[
        str | None, typer.Option(help="queued, running, succeeded, failed or cancelled.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Only jobs of this model.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
) -> None:
    """List jobs, newest first."""
    from rich.table import Table

    from app.store.engine import open_session
    from app.store.queries.job import list_jobs, list_living_workers

    with opened_store() as (settings, engine), open_session(engine) as session:
        page = list_jobs(session, status=status, model=model, limit=limit)
        workers = list_living_workers(session, lease_seconds=settings.lease_seconds)
    if not page.items:
        console().print("No jobs. Ask for one with `patchclamp sweep --model … --corpus …`.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "kind", "model", "status", "progress", "asked"):
        table.add_column(heading, no_wrap=True)
    for job in page.items:
        table.add_row(
            job.id,
            job.kind,
            escaped(job.model or ""),
            job.status,
            _progress(job),
            ago(job.created_at),
        )
    console().print(table)
    if page.next_cursor:
        console().print(f"Older ones are left out; see more with --limit {min(4 * limit, 200)}.")
    if not workers and any(job.status == "queued" for job in page.items):
        console().print("No worker is running: start one with `patchclamp worker`.")


def show(job_id: JobId) -> None:
    """Show a job: its request, what happened, its result or its traceback."""
    from app.store.engine import open_session
    from app.store.queries.job import get_job, list_events, resolve_job_id

    with opened_store() as (_, engine), open_session(engine) as session:
        full = resolve_job_id(session, beginning=job_id)
        job = get_job(session, job_id=full)
        events = list_events(session, job_id=full)
    out = console()
    facts = {
        "job": job.id,
        "kind": job.kind,
        "status": job.status,
        "progress": _progress(job),
        "message": job.message,
        "asked by": job.created_by,
        "worker": job.worker_id,
        "attempts": job.attempts,
        "result": job.result,
        "error": job.error,
    }
    for name, value in facts.items():
        if value not in (None, ""):
            out.print(f"{name:<9} {escaped_lines(str(value))}")
    for name, value in job.request.items():
        out.print(escaped_lines(f"  {name} = {value}"))
    for event in events:
        told = escaped_lines(f"{event.kind} {event.data or ''}")
        out.print(f"{event.at.astimezone():%Y-%m-%d %H:%M:%S} {told}")
    if job.traceback:
        out.print(escaped_lines(job.traceback))


def watch(job_id: JobId) -> None:
    """Show a job's progress until it has ended; Ctrl-C only stops watching."""
    from app.commands import watching
    from app.store.engine import open_session
    from app.store.queries.job import resolve_job_id

    with opened_store() as (settings, engine):
        with open_session(engine) as session:
            full = resolve_job_id(session, beginning=job_id)
        try:
            watching.watch(engine, full, lease_seconds=settings.lease_seconds)
        except KeyboardInterrupt:
            typer.echo(
                f"The job goes on. Cancel it with `patchclamp jobs cancel {full}`.", err=True
            )


def cancel(job_id: JobId) -> None:
    """Cancel a job: at once if it waits, within a batch if it runs."""
    from app.store.engine import open_session
    from app.store.queries.job import request_cancel, resolve_job_id

    with opened_store() as (_, engine):
        with open_session(engine) as session:
            full = resolve_job_id(session, beginning=job_id)
        with open_session(engine, commit=True) as session:
            job = request_cancel(session, job_id=full, actor=ACTOR)
    if job.status == "cancelled":
        typer.echo(f"Job {full} is cancelled.")
    else:
        typer.echo(f"Job {full} ends within a batch.")


def _progress(job: "JobRow") -> str:
    progress = job.progress
    if job.status == "running" and job.message and job.message.startswith("Waiting"):
        return escaped(job.message)
    if progress.done is None:
        return ""
    if not progress.total:
        return f"{count(progress.done)} {progress.unit or ''}".strip()
    share = f"{100 * progress.done / progress.total:.0f} %"
    return f"{share}, {told}" if (told := left(progress)) else share
