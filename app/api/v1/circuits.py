"""Circuits of a model: listed, read, renamed, deleted; and those of one unit."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from analysis.protocol.circuits import Graph
from app.api.answering import answer, answer_json
from app.api.circuits import (
    CircuitAnswer,
    CircuitSlug,
    OfOrigin,
    OnPrompts,
    OnTask,
    ProofAnswer,
    TitleBody,
)
from app.api.describing import problems_of
from app.api.parameters import Cursor, Limit, ModelName, SiteName, UnitIndex
from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ReadSession, StoreEngine, WriteSession
from app.live.claimable import ClaimableFeatures, read_claimable
from app.store import writing_circuits
from app.store.queries import circuit as circuits
from app.store.views.base import Page
from app.store.views.circuit import CircuitLine, UnitCircuit
from app.store.views.deleted import DeletedView

router = APIRouter(prefix="/api/v1/models/{model}", tags=["circuits"], responses=problems_of(404))


@router.get("/circuits", response_model=Page[CircuitLine], summary="List a model's circuits")
def list_circuits(
    request: Request,
    session: ReadSession,
    model: ModelName,
    task: OnTask = None,
    origin: OfOrigin = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first, without their graphs. A job of kind `circuit` finds one."""
    page = circuits.list_circuits(
        session, model=model, task=task, origin=origin, limit=limit, cursor=cursor
    )
    return answer(request, page)


@router.get("/circuits/{slug}", response_model=CircuitAnswer, summary="Get one circuit")
def get_circuit(
    request: Request, session: ReadSession, model: ModelName, slug: CircuitSlug
) -> Response:
    """With its graph, the ranking of its units, the task that it was found on, and its proofs."""
    return answer(request, circuits.get_circuit(session, model=model, slug=slug))


@router.get("/circuits/{slug}/graph", response_model=Graph, summary="Get the graph of a circuit")
def get_graph(
    request: Request, session: ReadSession, model: ModelName, slug: CircuitSlug
) -> Response:
    """Its nodes over the positions of one prompt, and the links between them."""
    return answer_json(request, circuits.get_graph(session, model=model, slug=slug))


@router.get(
    "/circuits/{slug}/features",
    responses=problems_of(409),
    summary="List what units of a circuit may carry",
)
def list_features(
    engine: StoreEngine,
    settings: AppSettings,
    model: ModelName,
    slug: CircuitSlug,
    prompts: OnPrompts = "held_out",
) -> ClaimableFeatures:
    """What prompts of its task share: the answer, words that were put in, tokens. Of each, whether
    it can be tested, which `POST …/scrub` does."""
    return read_claimable(engine, settings.data, model=model, slug=slug, prompts=prompts)


@router.get(
    "/circuits/{slug}/proofs",
    response_model=list[ProofAnswer],
    summary="List the proofs of a circuit",
)
def list_proofs(
    request: Request, session: ReadSession, model: ModelName, slug: CircuitSlug
) -> Response:
    """Newest first, at most 50: faithfulness, completeness and minimality, with the curves over
    size, the same of random units, and intervals over prompts."""
    return answer(request, circuits.list_proofs(session, model=model, slug=slug))


@router.patch(
    "/circuits/{slug}",
    summary="Rename a circuit",
    responses=problems_of(400, 403, 413),
)
def rename_circuit(
    session: WriteSession,
    actor: CurrentActor,
    model: ModelName,
    slug: CircuitSlug,
    body: Annotated[TitleBody, Body(description="Its title.")],
) -> CircuitLine:
    """Give it another title; its slug, and so its address, stays."""
    return writing_circuits.rename_circuit(
        session, model=model, slug=slug, title=body.title, actor=actor.name
    )


@router.delete("/circuits/{slug}", summary="Delete a circuit", responses=problems_of(400, 403))
def delete_circuit(
    session: WriteSession, actor: CurrentActor, model: ModelName, slug: CircuitSlug
) -> DeletedView:
    """With its proofs; the task that it was found on stays."""
    writing_circuits.delete_circuit(session, model=model, slug=slug, actor=actor.name)
    return DeletedView(deleted=slug)


@router.get(
    "/sites/{site}/units/{index}/circuits",
    response_model=Page[UnitCircuit],
    summary="List the circuits of a unit",
)
def list_unit_circuits(
    request: Request,
    session: ReadSession,
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Those that the neuron or head takes part in, newest first, with its effect in each."""
    page = circuits.circuits_of_unit(
        session, model=model, site=site, index=index, limit=limit, cursor=cursor
    )
    return answer(request, page)
