"""Comments on units, in Neuronpedia's paths and names."""

from typing import Annotated

from fastapi import APIRouter, Body

from app.api.describing import problems_of
from app.api.neuronpedia.talking import CommentName, Done, FeatureComment, NewComment
from app.auth.actor import CurrentActor
from app.dependencies import WriteSession
from app.exchange.sources import site_of, source_of
from app.store.commenting import comment, withdraw_comment
from app.store.topics import unit_topic

router = APIRouter(
    prefix="/api/comment", tags=["neuronpedia"], responses=problems_of(400, 403, 404, 413)
)


@router.post("/new/", include_in_schema=False)
@router.post("/new", summary="Comment on a unit")
def new_comment(
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[NewComment, Body(description="Which unit, and what to say of it.")],
) -> FeatureComment:
    """Begin a thread. Replies, edits, and comments on explanations and circuits are asked for under
    /api/v1."""
    site, index = site_of(body.layer), int(body.index)
    topic = unit_topic(session, model=body.modelId, site=site, index=index)
    said = comment(session, topic, text=body.text, actor=actor.name)
    return FeatureComment(
        id=str(said.id),
        modelId=said.model,
        layer=source_of(site),
        index=str(index),
        createdAt=said.created_at,
        text=said.text or "",
        userName=said.actor,
    )


@router.post("/delete/", include_in_schema=False)
@router.post("/delete", summary="Withdraw a comment")
def delete_comment(
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[CommentName, Body(description="Which comment.")],
) -> Done:
    """A place holder stays, and what was replied to it."""
    withdraw_comment(session, comment_id=body.id, actor=actor.name)
    return Done(message="ok")
