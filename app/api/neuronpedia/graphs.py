"""What clients send about graphs, in Neuronpedia's names."""

# ruff: noqa: N815 - the names are Neuronpedia's

import asyncio
import time
from typing import Annotated, Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.api.neuronpedia.parameters import Model, refuse_truth
from app.errors import BadRequestError, InferenceError, NotFoundError
from app.security import FILE_LIMIT
from app.store.circuit_request import LONGEST_PROMPT, PROMPT, CircuitRequest
from app.store.engine import open_session
from app.store.queries.circuit import get_line, require_circuit
from app.store.queries.job import create_job, get_job, list_living_workers
from app.store.queries.model import get_model
from app.store.slugs import NAMED
from app.store.views.circuit import CircuitLine
from app.store.views.job import JobView
from app.store.writing_circuits import LONGEST_FILE

Slug = Annotated[
    str, Field(description="What the graph is called.", pattern=NAMED, examples=["capital-texas"])
]
PATIENCE: Final = 900.0
"""Seconds that somebody may wait for a graph."""
EVERY: Final = 0.5
"""Seconds between looks at its job."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(refuse_truth)]


class SlugTakenError(BadRequestError):
    """As their server answers it."""

    status = 400
    title = "The slug is taken"


class GraphName(BaseModel):
    """Which graph."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    slug: Slug


class AnnouncedGraph(BaseModel):
    """A file that will be sent."""

    model_config = ConfigDict(frozen=True)

    filename: str = Field(
        description="As the circuit will tell where it is from.",
        min_length=1,
        max_length=LONGEST_FILE,
        examples=["capital-texas.json"],
    )
    contentLength: Annotated[int, BeforeValidator(refuse_truth)] = Field(
        description="Bytes of the body, compressed where it is.", ge=1, le=FILE_LIMIT
    )
    contentType: str = Field(default="application/json", max_length=200)


class SentGraph(BaseModel):
    """A file that was sent."""

    model_config = ConfigDict(frozen=True)

    putRequestId: str = Field(
        description="As `signed-put` answered it.", pattern=r"^[A-Za-z0-9_-]{24}$"
    )


class GraphPrompt(GraphName):
    """A prompt, and how large its graph may be."""

    prompt: Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT, pattern=PROMPT)]
    maxNLogits: Annotated[int, BeforeValidator(refuse_truth)] = Field(default=10, ge=1, le=100)
    desiredLogitProb: Share = 0.95
    nodeThreshold: Share = 0.8
    edgeThreshold: Share = 0.98


def ask_for_graph(
    session: Session, body: GraphPrompt, *, actor: str, most_queued: int, lease_seconds: float
) -> str:
    """The id of the job that finds the prompt's circuit and keeps it under this slug.

    Raises NotFoundError where there is no such model, SlugTakenError, TooManyError, and
    InferenceError where no worker runs that could find it.
    """
    get_model(session, name=body.modelId)
    if _is_taken(session, body):
        raise SlugTakenError(
            f"{body.modelId} has a graph that is called {body.slug} already.",
            hint="Give another slug, or delete that graph.",
        )
    if not list_living_workers(session, lease_seconds=lease_seconds):
        raise InferenceError(
            "No worker is running that could find a graph.", hint="Start one: patchclamp worker."
        )
    request = CircuitRequest(model=body.modelId, prompt=body.prompt, slug=body.slug)
    return create_job(session, request=request, actor=actor, most_queued=most_queued).id


async def wait_for_graph(request: Request, engine: Engine, job_id: str) -> CircuitLine:
    """What the job has kept, once it has ended well: under another slug than it was asked for,
    where somebody else took that meanwhile.

    Raises BadRequestError with what the job failed with, InferenceError where it takes too long:
    the job goes on.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not await request.is_disconnected():
        job = await run_in_threadpool(_read_job, engine, job_id)
        if job.status == "succeeded":
            return await run_in_threadpool(_read_kept, engine, job)
        if job.status in ("failed", "cancelled"):
            raise BadRequestError(
                f"The graph was not found: {job.error or job.status}",
                hint=f"See the job: {request.base_url}jobs/{job_id}",
            )
        await asyncio.sleep(EVERY)
    raise InferenceError(
        "The graph is still being looked for.",
        hint=f"Ask for it when its job has ended: {request.base_url}jobs/{job_id}",
    )


def _read_job(engine: Engine, job_id: str) -> JobView:
    with open_session(engine) as session:
        return get_job(session, job_id=job_id)


def _read_kept(engine: Engine, job: JobView) -> CircuitLine:
    with open_session(engine) as session:
        return get_line(session, model=job.model or "", slug=(job.result or {})["circuit"])


def _is_taken(session: Session, body: GraphPrompt) -> bool:
    try:
        require_circuit(session, model=body.modelId, slug=body.slug)
    except NotFoundError:
        return False
    return True
