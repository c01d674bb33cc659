"""Whoever holds an item of a campaign, and looks at how it scores, judges it blind no more: that is
kept with what they hold.

if held_of(session, actor="ada", explanation_id=7): ...
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Integer, Row, Select, String, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.store.audit.noting import note
from app.store.fetching import fetch
from app.store.paging import is_integer
from app.store.tables import (
    AssignmentTable,
    CampaignItemTable,
    CampaignTable,
    ExplanationTable,
    ModelTable,
    SiteTable,
)

HELD: Final = (
    select(AssignmentTable.id, CampaignTable.slug, ModelTable.name.label("model"))
    .select_from(ExplanationTable)
    .join(CampaignItemTable, CampaignItemTable.explanation_id == ExplanationTable.id)
    .join(AssignmentTable, AssignmentTable.item_id == CampaignItemTable.id)
    .join(CampaignTable, CampaignTable.id == CampaignItemTable.campaign_id)
    .join(ModelTable, ModelTable.id == ExplanationTable.model_id)
    .where(
        AssignmentTable.actor == bindparam("actor", type_=String()),
        AssignmentTable.state.in_(("leased", "lapsed")),
        AssignmentTable.peeked_at.is_(None),
        CampaignTable.status != "ended",
    )
)
OF_UNIT: Final = HELD.join(SiteTable, SiteTable.id == ExplanationTable.site_id).where(
    ModelTable.name == bindparam("model", type_=String()),
    SiteTable.name == bindparam("site", type_=String()),
    ExplanationTable.unit_index == bindparam("index", type_=Integer()),
)
SHOWN: Final = (
    select(ExplanationTable.site_id, ExplanationTable.unit_index)
    .where(ExplanationTable.id == bindparam("explanation_id", type_=Integer()))
    .subquery()
)
OF_EXPLANATION: Final = HELD.join(
    SHOWN,
    (SHOWN.c.site_id == ExplanationTable.site_id)
    & (SHOWN.c.unit_index == ExplanationTable.unit_index),
)
"""Of its unit: another explanation's scores say how well the unit can be explained."""
Held = Row[int, str, str]


def held_of_unit(session: Session, *, actor: str, model: str, site: str, index: int) -> list[Held]:
    """Items of this unit that they hold, and have not peeked at before."""
    if not is_integer(index):
        return []
    return _found(session, OF_UNIT, actor=actor, model=model, site=site, index=index)


def held_of_explanation(session: Session, *, actor: str, explanation_id: int) -> list[Held]:
    """The same of its unit."""
    if not is_integer(explanation_id):
        return []
    return _found(session, OF_EXPLANATION, actor=actor, explanation_id=explanation_id)


def mark_peeked(session: Session, held: list[Held], *, actor: str) -> None:
    """From now on it is known that they have seen its scores."""
    for number, slug, model in held:
        session.execute(
            update(AssignmentTable)
            .where(AssignmentTable.id == number, AssignmentTable.peeked_at.is_(None))
            .values(peeked_at=datetime.now(UTC))
        )
        note(
            session, actor=actor, action="campaign.peeked", model=model,
            subject=f"campaign {slug}", after={"assignment": number},
        )  # fmt: skip


def peeks_in(session: Session, *, campaign_id: int) -> dict[str, int]:
    """By annotator: items at whose scores they looked, and that they judged."""
    query = (
        select(AssignmentTable.actor, func.count())
        .where(
            AssignmentTable.campaign_id == campaign_id, AssignmentTable.state == "judged",
            AssignmentTable.peeked_at.is_not(None),
        )
        .group_by(AssignmentTable.actor)
    )  # fmt: skip
    return dict(session.execute(query).tuples().all())


def _found(session: Session, query: Select[int, str, str], **values: Any) -> list[Held]:  # noqa: ANN401 - of the query
    return list(fetch(session, query, values))
