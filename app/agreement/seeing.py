"""Who sees how far people agree, and what was decided.

Whoever may be yet to judge an explanation is told nothing of what others said of it: reviewers and
whoever runs a campaign see it all, others what no campaign is about any more.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.auth.rights import Right
from app.errors import ForbiddenError
from app.store.queries.asked_judgements import Asked, asked_of
from app.store.queries.decision import decisions_of
from app.store.queries.given import is_under_way
from app.store.queries.judgement import judgements_of
from app.store.views.decision import DecisionView
from app.store.views.explanation import ExplanationView


@dataclass(frozen=True)
class Seen:
    """What somebody asks for, and how much of it they see."""

    asked: Asked
    sees_all: bool
    reviews: bool


def what_is_seen(
    session: Session, actor: Actor, *, model: str, campaign: str | None = None
) -> Seen:
    """Raises NotFoundError, and ForbiddenError of a campaign that has not ended."""
    asked = asked_of(session, model=model, campaign=campaign)
    reviews = actor.may(Right.REVIEW, model)
    sees_all = reviews or (asked.campaign is not None and asked.run_by == actor.name)
    if not sees_all and not asked.has_ended:
        raise ForbiddenError(
            f"How far people agree in {asked.campaign} is shown once it has ended.",
            hint="Until then it would tell those who are yet to judge what others say.",
        )
    return Seen(asked, sees_all, reviews)


def decisions_seen(
    session: Session, actor: Actor, explanation: ExplanationView
) -> list[DecisionView] | None:
    """All decisions, the newest first; None: they would sway somebody who is yet to judge."""
    if not actor.may(Right.REVIEW, explanation.model):
        may_judge = actor.could_be_asked(explanation.model)
        judged = judgements_of(session, explanation, actor=actor.name, may_judge=may_judge)
        if judged.others is None or is_under_way(session, explanation_id=explanation.id):
            return None
    return decisions_of(session, explanation_id=explanation.id)
