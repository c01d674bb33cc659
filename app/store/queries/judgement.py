"""What people make of an explanation, as one of them may see it."""

from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.store.fetching import fetch
from app.store.queries.given import is_under_way
from app.store.tables import JudgementTable
from app.store.views.explanation import ExplanationView
from app.store.views.judgement import JudgementsView, JudgementView, Until

JUDGED: Final = ("current", "failed")
"""States of explanations that count, or that somebody may mend."""

GIVEN: Final = (
    select(JudgementTable.id)
    .where(
        JudgementTable.explanation_id == bindparam("explanation_id"),
        JudgementTable.actor == bindparam("actor"),
    )
    .limit(1)
)


def judgements_of(
    session: Session,
    explanation: ExplanationView,
    *,
    actor: str,
    may_judge: bool,
    may_review: bool = False,
) -> JudgementsView:
    """In the order in which they were given; `may_judge`: whether this person has the right to, so
    that others' judgements wait for theirs. Those of what a campaign is about wait for its end,
    whatever one has judged: whoever knows what others made of one item judges the next as they do.
    Only who `may_review` sees them before."""
    rows = session.scalars(
        select(JudgementTable)
        .where(
            JudgementTable.explanation_id == explanation.id, JudgementTable.replaced_at.is_(None)
        )
        .order_by(JudgementTable.id)
    )
    views = [view_of(row) for row in rows]
    own = next((view for view in views if view.actor == actor), None)
    others = [view for view in views if view.actor != actor]
    has_a_say = may_judge and explanation.status in JUDGED
    is_asked = is_under_way(session, explanation_id=explanation.id)
    until: Until | None = None
    if is_asked and not may_review:
        until = "ended"
    elif own is None and (has_a_say or (may_judge and is_asked)):
        until = "judged"
    return JudgementsView(
        has_a_say=has_a_say,
        own=own,
        n_others=len(others),
        others=others if until is None else None,
        until=until,
    )


def judgement_of_assignment(session: Session, *, assignment_id: int) -> JudgementView:
    """What was answered to it, whatever its author says since."""
    query = select(JudgementTable).where(JudgementTable.assignment_id == assignment_id)
    return view_of(session.scalars(query).one())


def may_be_swayed(session: Session, *, explanation_id: int, actor: str) -> bool:
    """Whether this person has judged it, also where they took that back: they may have seen what
    others say."""
    values = {"explanation_id": explanation_id, "actor": actor}
    return fetch(session, GIVEN, values).first() is not None


def view_of(row: JudgementTable) -> JudgementView:
    return JudgementView.model_validate(row, from_attributes=True, extra="ignore")
