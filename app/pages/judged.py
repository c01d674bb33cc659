"""What the panel of judgements shows to one person."""

from typing import Any

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.auth.rights import Right
from app.store.queries.judgement import judgements_of
from app.store.views.explanation import ExplanationView


def judgement_context(session: Session, actor: Actor, view: ExplanationView) -> dict[str, Any]:
    """What the panel shows."""
    has_a_say = actor.may(Right.ANNOTATE, view.model) and view.status in ("current", "failed")
    return {
        "judgements": judgements_of(
            session, explanation_id=view.id, actor=actor.name, has_a_say=has_a_say
        ),
        "has_a_say": has_a_say,
    }
