"""Comments on units, explanations and circuits: read, written, edited, withdrawn."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from sqlalchemy.orm import Session

from app.api.answering import answer
from app.api.circuits import CircuitSlug
from app.api.describing import problems_of
from app.api.discussing import CommentBody, CommentId, TextBody
from app.api.parameters import Cursor, ExplanationId, Limit, ModelName, SiteName, UnitIndex
from app.auth.actor import Actor, CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.store import commenting
from app.store.queries import comment as comments
from app.store.topics import Topic, circuit_topic, explanation_topic, unit_topic
from app.store.views.comment import CommentView, DiscussionView

router = APIRouter(prefix="/api/v1", tags=["people"], responses=problems_of(404))

UNIT = "/models/{model}/sites/{site}/units/{index}/comments"
EXPLANATION = "/explanations/{explanation_id}/comments"
CIRCUIT = "/models/{model}/circuits/{slug}/comments"
ONE = "/comments/{comment_id}"
REFUSED = problems_of(400, 403, 409, 413)
Said = Annotated[CommentBody, Body(description="What to say.")]


@router.get(UNIT, response_model=DiscussionView, summary="Get the comments on a unit")
def list_unit_comments(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The newest threads, oldest first, each with its replies; not those on its explanations."""
    topic = unit_topic(session, model=model, site=site, index=index)
    return answer(request, _shown(session, actor, topic, limit, cursor))


@router.post(UNIT, status_code=201, summary="Comment on a unit", responses=REFUSED)
def comment_on_unit(
    session: WriteSession,
    actor: CurrentActor,
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
    body: Said,
) -> CommentView:
    """Begin a thread, or reply in one. Whoever is named with an @ finds it in their inbox."""
    topic = unit_topic(session, model=model, site=site, index=index)
    return _said(session, actor, topic, body)


@router.get(
    EXPLANATION, response_model=DiscussionView, summary="Get the comments on an explanation"
)
def list_explanation_comments(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    explanation_id: ExplanationId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Of all of its versions. Withheld from whom a campaign may yet ask about it."""
    topic = explanation_topic(session, explanation_id=explanation_id)
    return answer(request, _shown(session, actor, topic, limit, cursor))


@router.post(EXPLANATION, status_code=201, summary="Comment on an explanation", responses=REFUSED)
def comment_on_explanation(
    session: WriteSession, actor: CurrentActor, explanation_id: ExplanationId, body: Said
) -> CommentView:
    """Begin a thread, or reply in one. 409: a campaign may yet ask you about it."""
    topic = explanation_topic(session, explanation_id=explanation_id)
    return _said(session, actor, topic, body)


@router.get(CIRCUIT, response_model=DiscussionView, summary="Get the comments on a circuit")
def list_circuit_comments(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: ModelName,
    slug: CircuitSlug,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The newest threads, oldest first, each with its replies."""
    topic = circuit_topic(session, model=model, slug=slug)
    return answer(request, _shown(session, actor, topic, limit, cursor))


@router.post(CIRCUIT, status_code=201, summary="Comment on a circuit", responses=REFUSED)
def comment_on_circuit(
    session: WriteSession, actor: CurrentActor, model: ModelName, slug: CircuitSlug, body: Said
) -> CommentView:
    """Begin a thread, or reply in one."""
    return _said(session, actor, circuit_topic(session, model=model, slug=slug), body)


@router.get(ONE, response_model=CommentView, summary="Get one comment", responses=problems_of(409))
def get_comment(
    request: Request, session: ReadSession, actor: CurrentActor, comment_id: CommentId
) -> Response:
    """Of a withdrawn one, who withdrew it. 409: it is withheld from you for now."""
    view = comments.get_comment(session, comment_id=comment_id)
    may_judge = actor.could_be_asked(view.model)
    comments.require_shown(session, view, actor=actor.name, may_judge=may_judge)
    return answer(request, view)


@router.patch(ONE, summary="Edit a comment", responses=REFUSED)
def edit_comment(
    session: WriteSession,
    actor: CurrentActor,
    comment_id: CommentId,
    body: Annotated[TextBody, Body(description="What it says from now on.")],
) -> CommentView:
    """Your own; from then on it says that it was edited."""
    return commenting.edit_comment(session, comment_id=comment_id, text=body.text, actor=actor.name)


@router.delete(ONE, summary="Withdraw a comment", responses=problems_of(403))
def withdraw_comment(
    session: WriteSession, actor: CurrentActor, comment_id: CommentId
) -> CommentView:
    """Your own, or as a reviewer anybody's. A place holder stays, and what was replied to it."""
    return commenting.withdraw_comment(session, comment_id=comment_id, actor=actor.name)


def _shown(
    session: Session, actor: Actor, topic: Topic, limit: int, cursor: str | None
) -> DiscussionView:
    may_judge = actor.could_be_asked(topic.model)
    return comments.discussion_of(
        session, topic, actor=actor.name, may_judge=may_judge, limit=limit, cursor=cursor
    )


def _said(session: Session, actor: Actor, topic: Topic, body: CommentBody) -> CommentView:
    return commenting.comment(
        session, topic, text=body.text, actor=actor.name, parent_id=body.parent_id
    )
