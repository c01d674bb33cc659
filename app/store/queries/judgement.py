"""What people make of an explanation, as one of them may see it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.queries.explanation import require_explanation
from app.store.tables import JudgementTable
from app.store.views.judgement import JudgementsView, JudgementView


def judgements_of(
    session: Session, *, explanation_id: int, actor: str, has_a_say: bool = True
) -> JudgementsView:
    """In the order in which they were given; `has_a_say`: whether this person may judge, so that
    others' judgements wait for theirs. Raises NotFoundError."""
    require_explanation(session, explanation_id)
    rows = session.scalars(
        select(JudgementTable)
        .where(
            JudgementTable.explanation_id == explanation_id, JudgementTable.replaced_at.is_(None)
        )
        .order_by(JudgementTable.id)
    )
    views = [view_of(row) for row in rows]
    own = next((view for view in views if view.actor == actor), None)
    others = [view for view in views if view.actor != actor]
    hidden = has_a_say and own is None
    return JudgementsView(own=own, n_others=len(others), others=None if hidden else others)


def view_of(row: JudgementTable) -> JudgementView:
    return JudgementView(
        id=row.id,
        explanation_id=row.explanation_id,
        actor=row.actor,
        verdict=row.verdict,
        specificity=row.specificity,
        sensitivity=row.sensitivity,
        several_meanings=row.several_meanings,
        tags=row.tags,
        note=row.note,
        created_at=row.created_at,
    )
