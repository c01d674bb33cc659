"""Circuits as graphs, in Neuronpedia's paths and names.

A graph is uploaded in three steps, as there: it is announced (`signed-put`), sent to the address
that is answered, and kept (`save-to-db`) under the model and slug that it names.
"""

# ruff: noqa: N815 - the names are Neuronpedia's

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from app.api.circuits import CircuitSlug
from app.api.describing import problems_of
from app.api.neuronpedia.graphs import (
    AnnouncedGraph,
    GraphName,
    GraphPrompt,
    SentGraph,
    ask_for_graph,
    wait_for_graph,
)
from app.api.parameters import ModelName
from app.api.receiving import BODY, AnnouncedFiles, ReceptionOfFiles, received
from app.api.v1.bulk import take_place
from app.auth.actor import CurrentActor
from app.auth.rights import Right
from app.dependencies import (
    AppSettings,
    ReadingPlaces,
    ReadSession,
    StoreEngine,
    StoreWriter,
    WriteSession,
)
from app.exchange.circuits.importing import keep_read, read_circuit
from app.store.queries.circuit_prompt import get_prompt, prompts_of
from app.store.views.circuit import CircuitLine, CircuitPrompt
from app.store.writing_circuits import delete_circuit

router = APIRouter(prefix="/api", tags=["neuronpedia"], responses=problems_of(404))
SENDING = problems_of(400, 403, 404, 413)

UploadToken = Annotated[
    str,
    Path(
        description="As `signed-put` answered it.",
        pattern=r"^[A-Za-z0-9_-]{24}$",
        examples=["q2lyY3VpdC1ncmFwaC1maWxl"],
    ),
]


class GraphMetadata(BaseModel):
    """A graph without its nodes."""

    id: str
    modelId: str
    slug: str
    promptTokens: list[str]
    prompt: str
    titlePrefix: str
    url: str
    """Of the whole graph, as JSON."""


class UploadAddress(BaseModel):
    url: str
    """Takes one PUT, within the hour."""
    putRequestId: str


class SentBytes(BaseModel):
    message: str


class KeptGraph(BaseModel):
    message: str
    url: str
    """Its page."""
    numNodes: int
    numLinks: int


class DeletedGraph(BaseModel):
    message: str


@router.get("/graph/{model}/{slug}/", include_in_schema=False)
@router.get("/graph/{model}/{slug}", summary="Get a graph")
def get_graph_metadata(
    request: Request, session: ReadSession, model: ModelName, slug: CircuitSlug
) -> GraphMetadata:
    """Its prompt, and where its nodes can be read."""
    return to_metadata(request, get_prompt(session, model=model, slug=slug))


@router.post("/graph/list-owned/", include_in_schema=False, dependencies=[Depends(take_place)])
@router.post(
    "/graph/list-owned",
    summary="List your graphs",
    responses=problems_of(400, 403, 404, 413, 429),
    dependencies=[Depends(take_place)],
)
def list_owned_graphs(
    request: Request, session: ReadSession, actor: CurrentActor
) -> list[GraphMetadata]:
    """Those that you made or brought in, of all models, newest first; 200 at most, and
    no more than have 16 MiB of prompts."""
    found = prompts_of(session, actor=actor.name, models=actor.sees)
    return [to_metadata(request, one) for one in found]


@router.post("/graph/delete/", include_in_schema=False)
@router.post("/graph/delete", summary="Delete a graph", responses=SENDING)
def forget_graph(
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[GraphName, Body(description="Which graph.")],
) -> DeletedGraph:
    """With its proofs."""
    delete_circuit(session, model=body.modelId, slug=body.slug, actor=actor.name)
    return DeletedGraph(message=f"The graph {body.slug} was deleted.")


@router.post("/graph/signed-put/", include_in_schema=False)
@router.post(
    "/graph/signed-put",
    summary="Announce a graph",
    responses=problems_of(400, 403, 404, 413, 429),
)
async def announce_graph(
    request: Request,
    uploads: AnnouncedFiles,
    actor: CurrentActor,  # noqa: ARG001 - whoever may write may announce
    body: Annotated[AnnouncedGraph, Body(description="What will be sent.")],
) -> UploadAddress:
    """Answers the address to send it to."""
    token = uploads.announce(name=body.filename, n_bytes=body.contentLength)
    return UploadAddress(url=f"{request.base_url}api/graph-uploads/{token}", putRequestId=token)


@router.put(
    "/graph-uploads/{token}",
    summary="Send an announced graph",
    responses=problems_of(400, 403, 404, 408, 413, 429),
    openapi_extra=BODY,
)
async def send_graph(
    request: Request,
    uploads: AnnouncedFiles,
    reception: ReceptionOfFiles,
    actor: CurrentActor,  # noqa: ARG001 - the address itself is what allows it
    token: UploadToken,
) -> SentBytes:
    """As it is, or compressed with gzip; `save-to-db` then keeps it."""
    most = uploads.size_of(token)
    async with received(request, reception, most=most) as path:
        n_bytes = uploads.keep(token, path)
    return SentBytes(message=f"{n_bytes:,} bytes were received.")


@router.post("/graph/save-to-db/", include_in_schema=False)
@router.post(
    "/graph/save-to-db",
    summary="Keep a graph that was sent",
    responses=problems_of(400, 403, 404, 409, 413, 429),
)
async def keep_graph(
    request: Request,
    engine: StoreEngine,
    writer: StoreWriter,
    places: ReadingPlaces,
    uploads: AnnouncedFiles,
    actor: CurrentActor,
    body: Annotated[SentGraph, Body(description="Which upload.")],
) -> KeptGraph:
    """Under the model and slug that the file names."""
    with places.taken(), uploads.taken(body.putRequestId) as file:
        found = await run_in_threadpool(
            read_circuit, engine, file, check=partial(actor.require, Right.WORK)
        )
    view = await writer.write(
        lambda session: keep_read(session, found, actor=actor.name, slug=found.slug)
    )
    return _kept(request, view, "The graph was kept.")


@router.post("/graph/generate/", include_in_schema=False)
@router.post(
    "/graph/generate",
    summary="Find a graph of a prompt",
    responses=problems_of(400, 403, 404, 409, 413, 429),
)
async def generate_graph(
    request: Request,
    engine: StoreEngine,
    writer: StoreWriter,
    settings: AppSettings,
    actor: CurrentActor,
    body: Annotated[GraphPrompt, Body(description="The prompt.")],
) -> KeptGraph:
    """Asks a worker for the circuit of the prompt (a job of kind `circuit`) and answers when it is
    found, in minutes. How large the graph is, the search decides, not the thresholds."""
    job = await writer.write(
        lambda session: ask_for_graph(
            session,
            body,
            actor=actor.name,
            most_queued=settings.most_queued_jobs,
            lease_seconds=settings.lease_seconds,
        )
    )
    view = await wait_for_graph(request, engine, job)
    return _kept(request, view, "The graph was found.")


def _kept(request: Request, view: CircuitLine, message: str) -> KeptGraph:
    return KeptGraph(
        message=message,
        url=f"{request.base_url}m/{view.model}/circuits/{view.slug}",
        numNodes=view.n_nodes,
        numLinks=view.n_links,
    )


def to_metadata(request: Request, view: CircuitPrompt) -> GraphMetadata:
    place = f"api/v1/models/{view.model}/circuits/{view.slug}/export"
    return GraphMetadata(
        id=str(view.id),
        modelId=view.model,
        slug=view.slug,
        promptTokens=view.tokens,
        prompt=view.prompt,
        titlePrefix="",
        url=f"{request.base_url}{place}",
    )
