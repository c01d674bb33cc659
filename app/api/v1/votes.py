"""Votes on explanations: counted, given, taken back."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from sqlalchemy.orm import Session

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.discussing import VoteBody
from app.api.parameters import ExplanationId
from app.auth.actor import Actor, CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.store.queries.vote import votes_on
from app.store.topics import explanation_topic
from app.store.views.vote import VotesView
from app.store.voting import vote

router = APIRouter(
    prefix="/api/v1/explanations/{explanation_id}", tags=["people"], responses=problems_of(404)
)


@router.get("/votes", response_model=VotesView, summary="Get the votes on an explanation")
def get_votes(
    request: Request, session: ReadSession, actor: CurrentActor, explanation_id: ExplanationId
) -> Response:
    """How many are for it and against it, and whose. Withheld from whom a campaign may yet ask
    about it."""
    return answer(request, _shown(session, actor, explanation_id))


@router.put("/vote", summary="Vote on an explanation", responses=problems_of(400, 403, 409, 413))
def put_vote(
    session: WriteSession,
    actor: CurrentActor,
    explanation_id: ExplanationId,
    body: Annotated[VoteBody, Body(description="For it, or against it.")],
) -> VotesView:
    """One vote each, in the place of the one before. 409: the explanation does not count any more,
    or a campaign may yet ask you about it."""
    vote(session, explanation_id=explanation_id, actor=actor.name, value=body.value)
    return _shown(session, actor, explanation_id)


@router.delete("/vote", summary="Take your vote back", responses=problems_of(403))
def take_vote_back(
    session: WriteSession, actor: CurrentActor, explanation_id: ExplanationId
) -> VotesView:
    """Where you gave none, nothing happens."""
    vote(session, explanation_id=explanation_id, actor=actor.name, value=0)
    return _shown(session, actor, explanation_id)


def _shown(session: Session, actor: Actor, explanation_id: int) -> VotesView:
    topic = explanation_topic(session, explanation_id=explanation_id)
    may_judge = actor.could_be_asked(topic.model)
    return votes_on(session, explanation_id, actor=actor.name, may_judge=may_judge)
