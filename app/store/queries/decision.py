"""Decisions: the one that counts of an explanation, and those before it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from app.store.tables import CampaignTable, DecisionTable
from app.store.views.decision import DecisionView


def decisions_of(session: Session, *, explanation_id: int) -> list[DecisionView]:
    """All, the newest first."""
    query = _select().where(DecisionTable.explanation_id == explanation_id)
    return [view_of(row) for row in session.execute(query.order_by(DecisionTable.id.desc()))]


def decision_counting(session: Session, *, explanation_id: int) -> DecisionView | None:
    return decisions_counting(session, [explanation_id]).get(explanation_id)


def decisions_counting(session: Session, ids: Sequence[int]) -> dict[int, DecisionView]:
    """Those that count, by explanation."""
    if not ids:
        return {}
    query = _select().where(
        DecisionTable.explanation_id.in_(ids), DecisionTable.replaced_at.is_(None)
    )
    return {row.explanation_id: view_of(row) for row in session.execute(query)}


def view_of(row: Row[*tuple[Any, ...]]) -> DecisionView:
    return DecisionView.model_validate(row._mapping)


def _select() -> Select[*tuple[Any, ...]]:
    return select(
        DecisionTable.id, DecisionTable.explanation_id, CampaignTable.slug.label("campaign"),
        DecisionTable.actor, DecisionTable.verdict, DecisionTable.reason, DecisionTable.merged_id,
        DecisionTable.created_at, DecisionTable.replaced_at,
    ).outerjoin(CampaignTable, CampaignTable.id == DecisionTable.campaign_id)  # fmt: skip
