"""Runs a job here and now, start to end, without the durable queue: for benchmarks and tests.

The job is a row like any other, with progress and events, but its steps are not remembered.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from analysis.worker.context import JobContext
from analysis.worker.failing import shorten
from analysis.worker.heartbeat import Lease
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import code_version
from analysis.worker.stopping import Stopping
from app.settings import Settings
from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import queue_job
from app.store.request_fields import Request

LEASE_SECONDS = 24 * 3600.0


def run_inline(
    engine: Engine, settings: Settings, kind: JobKind[Any], request: Request
) -> dict[str, Any] | None:
    """The job's result. Errors of its function are raised, and stored on the job."""
    code_version()  # now: a run begins in a transaction
    with open_session(engine, commit=True) as session:
        job = queue_job(session, request=request, actor="inline")
    claim = queue.claim_next(
        engine, worker_id="inline", kinds=[kind.name], lease_seconds=LEASE_SECONDS
    )
    if claim is None or claim.job_id != job.id:
        raise RuntimeError("another job of this kind waits in this store")
    context: JobContext[Any] = JobContext(
        request,
        engine=engine,
        signals=engine,
        settings=settings,
        lease=Lease(claim, LEASE_SECONDS),
        stopping=Stopping(),
        run_step=_run_step,
    )
    try:
        result = kind.run(context)
        context.flush()
    except Exception as error:
        queue.finish(engine, claim, "failed", error=shorten(str(error), settings))
        if kind.tidy is not None:
            kind.tidy(engine, settings)
        raise
    queue.finish(engine, claim, "succeeded", result=shorten(result, settings))
    return result


def _run_step(name: str, function: Callable[[], Any]) -> Any:  # noqa: ANN401, ARG001
    return function()
