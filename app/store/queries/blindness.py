"""From whom an explanation's votes and comments are kept, so that nothing sways them.

    if may_judge and is_blind_for(session, explanation_id=7, actor="ada"): ...

That is whoever a campaign may yet ask about it, in any of its versions: the campaign has not ended,
and either they hold the item, or it lacks answers and could be handed to them, be it when somebody
else lets it lapse. Only who may judge is ever asked; callers know that of the actor.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.store.paging import is_integer
from app.store.queries.campaign import open_to
from app.store.tables import AssignmentTable, CampaignItemTable, CampaignTable, ExplanationTable

Asked = aliased(ExplanationTable)
Version = aliased(ExplanationTable)
"""Of the same explanation."""
ORIGIN: Final = func.coalesce(Asked.origin_id, Asked.id)
ANSWERED: Final = (
    select(func.count())
    .where(AssignmentTable.item_id == CampaignItemTable.id, AssignmentTable.state == "judged")
    .correlate(CampaignItemTable)
    .scalar_subquery()
)


def is_blind_for(session: Session, explanation_id: int, actor: str) -> bool:
    """Whether this person, who may judge, must not be told yet what others make of it."""
    return bool(blind_among(session, [explanation_id], actor))


def blind_among(session: Session, explanation_ids: Iterable[int], actor: str) -> frozenset[int]:
    """Of these, by id."""
    ids = [number for number in explanation_ids if is_integer(number)]
    if not ids:
        return frozenset()
    own = (AssignmentTable.item_id == CampaignItemTable.id, AssignmentTable.actor == actor)
    let_lapse = exists().where(*own, AssignmentTable.state == "lapsed")
    lacking = CampaignTable.n_per_item > ANSWERED
    query = (
        select(Asked.id)
        .join(Version, or_(Version.id == ORIGIN, Version.origin_id == ORIGIN))
        .join(CampaignItemTable, CampaignItemTable.explanation_id == Version.id)
        .join(CampaignTable, CampaignTable.id == CampaignItemTable.campaign_id)
        .where(
            Asked.id.in_(ids),
            CampaignTable.status != "ended",
            or_(
                exists().where(*own, AssignmentTable.state == "leased"),
                and_(lacking, or_(let_lapse, open_to(actor))),
            ),
        )
        .distinct()
    )
    return frozenset(session.scalars(query))
