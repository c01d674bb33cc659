"""Decisions: the one that counts of an explanation, and those before it.

In a campaign the last one that was made in it counts, also where another took its place elsewhere:
what is decided later on the explanation's page, or in another campaign, is no part of that study.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, exists, select
from sqlalchemy.orm import Session, aliased

from app.store.tables import CampaignTable, DecisionTable
from app.store.views.decision import DecisionView

AT_ONCE: Final = 5000


def decisions_of(session: Session, *, explanation_id: int) -> list[DecisionView]:
    """All, the newest first."""
    query = _select().where(DecisionTable.explanation_id == explanation_id)
    return [view_of(row) for row in session.execute(query.order_by(DecisionTable.id.desc()))]


def decision_counting(
    session: Session, *, explanation_id: int, campaign_id: int | None = None
) -> DecisionView | None:
    found = decisions_counting(session, [explanation_id], campaign_id=campaign_id)
    return found.get(explanation_id)


def decisions_counting(
    session: Session, ids: Sequence[int], *, campaign_id: int | None = None
) -> dict[int, DecisionView]:
    """Those that count, by explanation; with a campaign, those that count in it."""
    found: dict[int, DecisionView] = {}
    for start in range(0, len(ids), AT_ONCE):
        query = _select().where(
            DecisionTable.explanation_id.in_(ids[start : start + AT_ONCE]), counts_in(campaign_id)
        )
        found |= {row.explanation_id: view_of(row) for row in session.execute(query)}
    return found


def counts_in(campaign_id: int | None) -> ColumnElement[bool]:
    """Of decisions."""
    if campaign_id is None:
        return DecisionTable.replaced_at.is_(None)
    later = aliased(DecisionTable)
    return (DecisionTable.campaign_id == campaign_id) & ~exists().where(
        later.explanation_id == DecisionTable.explanation_id,
        later.campaign_id == campaign_id,
        later.id > DecisionTable.id,
    )


def view_of(row: Row[*tuple[Any, ...]]) -> DecisionView:
    return DecisionView.model_validate(row._mapping)


def _select() -> Select[*tuple[Any, ...]]:
    return select(
        DecisionTable.id, DecisionTable.explanation_id, CampaignTable.slug.label("campaign"),
        DecisionTable.actor, DecisionTable.verdict, DecisionTable.reason, DecisionTable.merged_id,
        DecisionTable.created_at, DecisionTable.replaced_at,
    ).outerjoin(CampaignTable, CampaignTable.id == DecisionTable.campaign_id)  # fmt: skip
