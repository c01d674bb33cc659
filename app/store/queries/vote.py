"""Votes on an explanation, as one person may see them."""

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.queries.blindness import is_blind_for
from app.store.tables import VoteTable
from app.store.views.vote import VotesView, VoteView

NAMED: Final = 100
"""Votes that are told one by one."""


def votes_on(session: Session, explanation_id: int, *, actor: str, may_judge: bool) -> VotesView:
    """`may_judge`: whether this person has the right to, so that a campaign could ask them."""
    own = session.scalar(
        select(VoteTable.value).where(
            VoteTable.explanation_id == explanation_id, VoteTable.actor == actor
        )
    )
    if may_judge and is_blind_for(session, explanation_id, actor):
        return VotesView(own=own, n_up=None, n_down=None, withheld=True, votes=[])
    counted = session.execute(
        select(VoteTable.value, func.count().label("n"))
        .where(VoteTable.explanation_id == explanation_id)
        .group_by(VoteTable.value)
    )
    n_of = {row.value: row.n for row in counted}
    rows = session.scalars(
        select(VoteTable)
        .where(VoteTable.explanation_id == explanation_id)
        .order_by(VoteTable.created_at.desc(), VoteTable.actor)
        .limit(NAMED)
    ).all()
    return VotesView(
        own=own,
        n_up=n_of.get(1, 0),
        n_down=n_of.get(-1, 0),
        withheld=False,
        votes=[
            VoteView(actor=row.actor, value=row.value, created_at=row.created_at)
            for row in reversed(rows)
        ],
    )
