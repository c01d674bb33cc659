"""Steering vectors, in Neuronpedia's paths and names.

A source such as `7-resid` and a hook such as `blocks.7.hook_resid_post` are our `resid.7`; so is
`blocks.8.hook_resid_pre`, the same place. What is answered always names the first two.
"""

from typing import Annotated

from fastapi import APIRouter, Body, Request

from app.api.describing import problems_of
from app.api.neuronpedia.keeping import NewVector, VectorName
from app.api.neuronpedia.views import (
    DeletedVector,
    FoundVector,
    KeptVector,
    NewVectorAnswer,
    OneVector,
    OwnedVectors,
)
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.exchange.sources import hook_of, site_of, source_of, stream_of
from app.store import steering
from app.store.queries import vector as vectors
from app.store.views.vector import VectorView

router = APIRouter(
    prefix="/api/vector", tags=["neuronpedia"], responses=problems_of(400, 403, 404, 413)
)


@router.post("/new/", include_in_schema=False)
@router.post("/new", summary="Keep a vector")
def new_vector(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[NewVector, Body(description="The vector, and where it belongs.")],
) -> NewVectorAnswer:
    """Keep a steering vector; `/api/v1/models/{model}/vectors` does the same in our words."""
    view = steering.create_vector(
        session,
        model=body.modelId,
        site=stream_of(body.layerNumber, before=body.hookType == "hook_resid_pre"),
        label=body.vectorLabel,
        values=body.vector,
        default_strength=body.vectorDefaultSteerStrength,
        actor=actor.name,
    )
    url = f"{request.base_url}api/v1/models/{view.model}/vectors/{view.index}"
    return NewVectorAnswer(url=url, vector=to_kept(view))


@router.post("/get/", include_in_schema=False)
@router.post("/get", summary="Get a vector")
def find_vector(
    session: ReadSession,
    actor: CurrentActor,  # noqa: ARG001 - as of all that is sent: they read by POST
    body: Annotated[VectorName, Body(description="Which vector.")],
) -> OneVector:
    """One steering vector, with its values."""
    view = vectors.get_vector(
        session, model=body.modelId, site=site_of(body.source), index=int(body.index)
    )
    return OneVector(vector=to_found(view))


@router.post("/list-owned/", include_in_schema=False)
@router.post("/list-owned", summary="List your vectors")
def list_owned_vectors(session: ReadSession, actor: CurrentActor) -> OwnedVectors:
    """The vectors that you made, of all models, newest first; 500 at most."""
    found = vectors.vectors_of(session, actor=actor.name, models=actor.sees)
    return OwnedVectors(vectors=[to_found(view) for view in found])


@router.post("/delete/", include_in_schema=False)
@router.post("/delete", summary="Delete a vector")
def forget_vector(
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[VectorName, Body(description="Which vector.")],
) -> DeletedVector:
    """Its index is not given to another."""
    steering.delete_vector(
        session,
        model=body.modelId,
        site=site_of(body.source),
        index=int(body.index),
        actor=actor.name,
    )
    return DeletedVector(message=f"The vector {body.index} was deleted.")


def to_kept(view: VectorView) -> KeptVector:
    return KeptVector(
        modelId=view.model,
        source=source_of(view.site),
        index=str(view.index),
        label=view.label,
        hookName=hook_of(view.site),
        values=view.values,
        defaultSteerStrength=view.default_strength,
    )


def to_found(view: VectorView) -> FoundVector:
    return FoundVector(
        modelId=view.model,
        layer=source_of(view.site),
        index=str(view.index),
        vectorLabel=view.label,
        hookName=hook_of(view.site),
        vector=view.values,
        vectorDefaultSteerStrength=view.default_strength,
    )
