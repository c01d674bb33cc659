"""Whoever opens or settles a disagreement has seen what others said: no campaign asks them about
that explanation any more.

if is_asked_of(session, explanation_id=7, actor="rho"):
    take_away(session, explanation_id=7, actor="rho")
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Integer, Row, String, bindparam, func, select
from sqlalchemy.orm import Session

from app.store.assigning import close
from app.store.audit.noting import note
from app.store.fetching import fetch
from app.store.inserting import insert_new
from app.store.paging import is_integer
from app.store.tables import (
    AssignmentTable,
    CampaignItemTable,
    CampaignTable,
    GuidelineTable,
    ModelTable,
)

OPENED: Final = "opened among the disagreements: they saw what others said"
ASKED: Final = (
    select(
        CampaignItemTable.id.label("item_id"), CampaignItemTable.campaign_id, CampaignTable.slug,
        ModelTable.name.label("model"), AssignmentTable.id, AssignmentTable.state,
        select(func.max(GuidelineTable.id))
        .where(GuidelineTable.campaign_id == CampaignItemTable.campaign_id)
        .scalar_subquery()
        .label("guideline_id"),
    )
    .join(CampaignTable, CampaignTable.id == CampaignItemTable.campaign_id)
    .join(ModelTable, ModelTable.id == CampaignTable.model_id)
    .outerjoin(
        AssignmentTable,
        (AssignmentTable.item_id == CampaignItemTable.id)
        & (AssignmentTable.actor == bindparam("actor", type_=String())),
    )
    .where(
        CampaignItemTable.explanation_id == bindparam("explanation_id", type_=Integer()),
        CampaignTable.status != "ended",
        AssignmentTable.id.is_(None) | AssignmentTable.state.in_(("leased", "lapsed")),
    )
)  # fmt: skip


def is_asked_of(session: Session, *, explanation_id: int, actor: str) -> bool:
    """Whether a campaign could yet ask this person about it."""
    return bool(_asked(session, explanation_id, actor))


def take_away(session: Session, *, explanation_id: int, actor: str) -> None:
    """Its items are skipped for them, and what they hold of it goes to others."""
    now = datetime.now(UTC)
    for row in _asked(session, explanation_id, actor):
        if row.id is not None:
            close(session, row, OPENED)
        else:
            insert_new(
                session, AssignmentTable, campaign_id=row.campaign_id, item_id=row.item_id,
                actor=actor, guideline_id=row.guideline_id, state="skipped", handed_at=now,
                leased_until=now, ended_at=now, reason=OPENED,
            )  # fmt: skip
        note(
            session, actor=actor, action="campaign.taken_away", model=row.model,
            subject=f"campaign {row.slug}", after={"item": row.item_id, "reason": OPENED},
        )  # fmt: skip


def _asked(session: Session, explanation_id: int, actor: str) -> Sequence[Row[*tuple[Any, ...]]]:
    if not is_integer(explanation_id):
        return []
    return fetch(session, ASKED, {"explanation_id": explanation_id, "actor": actor}).all()
