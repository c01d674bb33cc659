"""The job kind `prepare_demo`: the demo's model, its corpus, and the sweep of one over the other.

Each is added only where it is missing, so that the second `patchclamp demo` reuses everything.
"""

import math
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.worker.context import JobContext
from analysis.worker.jobs import JobKind
from analysis.worker.registering import Tell, add_corpus, add_model
from app.demo_model import GGUF, PACKAGE, find_gguf
from app.store.queries.job import queue_job
from app.store.requests import PrepareDemoRequest, SweepRequest
from app.store.tables import JobTable

PARTS: Final = 3
HELD_PER_SITE: Final = 17
"""Neurons of each of 30 layers whose explanations are held to what happens: 510 in all."""
WINDOWS: Final = {"fit": 2304, "calibration": 192, "test": 512, "ood": 512}


def demo_sweep(request: PrepareDemoRequest) -> SweepRequest:
    """The sweep that the demo shows: done in minutes on two cores."""
    return SweepRequest(
        model=request.model,
        corpus=request.corpus,
        max_windows={split: math.ceil(n * request.share) for split, n in WINDOWS.items()},
        windows_per_shard=128,
        evidence=HELD_PER_SITE,
    )


def prepare_demo(context: JobContext[PrepareDemoRequest]) -> dict[str, Any]:
    request = context.request
    context.step("add model", _add_model, context)
    context.step("add corpus", _add_corpus, context)
    context.progress(2, PARTS, "parts", "asking for the sweep")
    job_id = context.step("ask for sweep", context.write, lambda session: _ask(session, request))
    context.progress(PARTS, PARTS, "parts")
    return {"model": request.model, "corpus": request.corpus, "sweep": job_id}


def _add_model(context: JobContext[PrepareDemoRequest]) -> dict[str, Any]:
    added = add_model(
        context.engine,
        context.settings,
        source=str(find_gguf()),
        name=context.request.model,
        kind="gguf",
        shown=f"{PACKAGE}/{GGUF}",
        tell=_telling(context, 0, f"adding {context.request.model}"),
    )
    return {"name": added.name, "new": added.new}


def _add_corpus(context: JobContext[PrepareDemoRequest]) -> dict[str, Any]:
    added = add_corpus(
        context.engine,
        context.settings,
        source="starter",
        name=context.request.corpus,
        tell=_telling(context, 1, f"adding the {context.request.corpus} corpus"),
    )
    return {"name": added.name, "new": added.new}


def _telling(context: JobContext[PrepareDemoRequest], parts: int, what: str) -> Tell:
    def tell(step: str, done: float, total: float | None) -> None:
        context.check_cancelled()
        share = done / total if total else 0.0
        context.progress(parts + share, PARTS, "parts", f"{what}: {step}")

    return tell


def _ask(session: Session, request: PrepareDemoRequest) -> str:
    """The id of the sweep's job: one that has succeeded or is on its way, else a new one."""
    wanted = demo_sweep(request)
    query = (
        select(JobTable.id, JobTable.request)
        .where(
            JobTable.kind == wanted.kind,
            JobTable.model_name == wanted.model,
            JobTable.status.in_(("queued", "running", "succeeded")),
        )
        .order_by(JobTable.created_at.desc())
    )
    for job_id, asked in session.execute(query):
        if asked["corpus"] == wanted.corpus:
            return str(job_id)
    return queue_job(session, request=wanted, actor="patchclamp demo").id


PREPARE_DEMO: Final = JobKind("prepare_demo", PrepareDemoRequest, prepare_demo)
