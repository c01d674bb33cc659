"""How a campaign was designed and how far it came, for whoever reads its judgements."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.store.queries.asked_judgements import Asked
from app.store.tables import AssignmentTable, CampaignItemTable, CampaignTable

Campaigns, Items, Assignments = CampaignTable, CampaignItemTable, AssignmentTable


class CampaignPlan(NamedTuple):
    title: str
    status: str
    choice: dict[str, Any]
    """Filters, seed and how many units were to be drawn (`app.store.choice.Choice`)."""
    n_candidates: int | None
    """Units that there were to draw from."""
    n_items: int
    n_gold: int
    n_per_item: int
    """Judgements that each was to get."""
    questions: list[str]
    """Asked besides the verdict."""
    n_unjudged: int
    """Items that nobody has judged."""
    n_skipped: int
    created_at: datetime
    ended_at: datetime | None


class Skip(NamedTuple):
    """An item that somebody would not judge."""

    explanation_id: int
    actor: str
    reason: str
    ended_at: datetime


def plan_of(session: Session, asked: Asked) -> CampaignPlan | None:
    """None: it is not of a campaign that is asked."""
    if asked.campaign_id is None:
        return None
    row = session.get_one(Campaigns, asked.campaign_id)
    choice = dict(row.request)
    n_candidates = choice.pop("n_candidates", None)
    of_it = Items.campaign_id == row.id
    judged = exists().where(Assignments.item_id == Items.id, Assignments.state == "judged")
    return CampaignPlan(
        title=row.title,
        status=row.status,
        choice=choice,
        n_candidates=n_candidates,
        n_items=row.n_items,
        n_gold=_count(session, of_it, Items.expected.is_not(None)),
        n_per_item=row.n_per_item,
        questions=list(row.questions),
        n_unjudged=_count(session, of_it, ~judged),
        n_skipped=len(skips_of(session, asked)),
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def skips_of(session: Session, asked: Asked) -> list[Skip]:
    """By explanation, then in the order in which they were skipped; of a model, none."""
    query = (
        select(Items.explanation_id, Assignments.actor, Assignments.reason, Assignments.ended_at)
        .join(Items, Items.id == Assignments.item_id)
        .where(Assignments.campaign_id == asked.campaign_id, Assignments.state == "skipped")
        .order_by(Items.explanation_id, Assignments.id)
    )
    return [
        Skip(number, actor, reason, ended_at)
        for number, actor, reason, ended_at in session.execute(query)
        if ended_at is not None
    ]


def _count(session: Session, *where: Any) -> int:  # noqa: ANN401 - conditions
    return session.scalars(select(func.count()).select_from(Items).where(*where)).one()
