"""From whom an explanation's judgements, votes and comments are kept, so that nothing sways them.

    if may_judge and is_blind_for(session, explanation_id=7, actor="ada"): ...

That is whoever a campaign may yet ask about it, in any of its versions: the campaign has not ended,
they have neither answered nor skipped the item, and either hold it or there is room for one more
answer. Only who may judge is ever asked; callers know that of the actor.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.store.paging import is_integer
from app.store.tables import AssignmentTable, CampaignItemTable, CampaignTable, ExplanationTable

Version = aliased(ExplanationTable)
"""Of the same explanation."""
ORIGIN: Final = func.coalesce(ExplanationTable.origin_id, ExplanationTable.id)
OWN: Final = (
    AssignmentTable.item_id == CampaignItemTable.id,
    AssignmentTable.actor == bindparam("actor"),
)
ANSWERED: Final = (
    select(func.count())
    .where(AssignmentTable.item_id == CampaignItemTable.id, AssignmentTable.state == "judged")
    .correlate(CampaignItemTable)
    .scalar_subquery()
)
BLIND: Final = (
    select(ExplanationTable.id)
    .join(Version, or_(Version.id == ORIGIN, Version.origin_id == ORIGIN))
    .join(CampaignItemTable, CampaignItemTable.explanation_id == Version.id)
    .join(CampaignTable, CampaignTable.id == CampaignItemTable.campaign_id)
    .where(
        ExplanationTable.id.in_(bindparam("ids", expanding=True)),
        CampaignTable.status != "ended",
        ~exists().where(*OWN, AssignmentTable.state.in_(("judged", "skipped"))),
        or_(exists().where(*OWN), CampaignTable.n_per_item > ANSWERED),
    )
    .distinct()
)


def is_blind_for(session: Session, explanation_id: int, actor: str) -> bool:
    """Whether this person, who may judge, must not be told yet what others make of it."""
    return bool(blind_among(session, [explanation_id], actor))


def blind_among(session: Session, explanation_ids: Iterable[int], actor: str) -> frozenset[int]:
    """Of these, by id."""
    ids = [number for number in explanation_ids if is_integer(number)]
    if not ids:
        return frozenset()
    return frozenset(session.scalars(BLIND, {"ids": ids, "actor": actor}))
