"""Steering vectors of a model: kept, listed, read, deleted."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.keeping import STREAM, VectorBody, VectorIndex
from app.api.parameters import Cursor, Limit, ModelName
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.store import steering
from app.store.queries import vector as vectors
from app.store.views.base import Page
from app.store.views.deleted import DeletedView
from app.store.views.vector import VectorLine, VectorView

router = APIRouter(
    prefix="/api/v1/models/{model}/vectors", tags=["vectors"], responses=problems_of(404)
)


@router.get("", response_model=Page[VectorLine], summary="List a model's vectors")
def list_vectors(
    request: Request,
    session: ReadSession,
    model: ModelName,
    site: Annotated[
        str | None,
        Query(description="Only of this stream.", pattern=STREAM, examples=["resid.7"]),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first, without their values."""
    page = vectors.list_vectors(session, model=model, site=site, limit=limit, cursor=cursor)
    return answer(request, page)


@router.post("", status_code=201, summary="Keep a vector", responses=problems_of(400, 403, 413))
def create_vector(
    response: Response,
    session: WriteSession,
    actor: CurrentActor,
    model: ModelName,
    body: Annotated[VectorBody, Body(description="The vector.")],
) -> VectorView:
    """Keep a direction of the residual stream under a label; `Location` names it."""
    view = steering.create_vector(
        session,
        model=model,
        site=body.site,
        label=body.label,
        values=body.values,
        default_strength=body.default_strength,
        actor=actor.name,
    )
    response.headers["Location"] = f"/api/v1/models/{model}/vectors/{view.index}"
    return view


@router.get("/{index}", response_model=VectorView, summary="Get one vector")
def get_vector(
    request: Request, session: ReadSession, model: ModelName, index: VectorIndex
) -> Response:
    """With its values."""
    return answer(request, vectors.get_vector(session, model=model, index=index))


@router.delete("/{index}", summary="Delete a vector", responses=problems_of(400, 403))
def delete_vector(
    session: WriteSession, actor: CurrentActor, model: ModelName, index: VectorIndex
) -> DeletedView:
    """Its index is not given to another."""
    steering.delete_vector(session, model=model, index=index, actor=actor.name)
    return DeletedView(deleted=str(index))
