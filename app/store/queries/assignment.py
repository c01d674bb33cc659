"""What somebody was handed in a campaign, as they may see it: nothing that would sway them."""

import time
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from app.errors import NotFoundError
from app.store.fetching import fetch
from app.store.paging import is_integer
from app.store.queries.campaign import find_campaign
from app.store.tables import (
    AssignmentTable,
    CampaignItemTable,
    ExplanationTable,
    GuidelineTable,
    SiteTable,
)
from app.store.views.campaign import AssignmentView, DraftView, NextView, OwnProgress

AnyRow = Row[*tuple[Any, ...]]
Items, Assignments = CampaignItemTable, AssignmentTable
NEWEST: Final = select(func.max(GuidelineTable.version)).where(
    GuidelineTable.campaign_id == bindparam("campaign_id")
)
FOUND: Final = (
    select(
        Assignments.id, Assignments.campaign_id, Assignments.item_id, Assignments.state,
        Assignments.guideline_id, Assignments.leased_until, Assignments.draft,
        Items.explanation_id, ExplanationTable.text, ExplanationTable.unit_index,
        SiteTable.name.label("site"), NEWEST.scalar_subquery().label("newest_version"),
    )
    .join(Items, Items.id == Assignments.item_id)
    .join(ExplanationTable, ExplanationTable.id == Items.explanation_id)
    .join(SiteTable, SiteTable.id == ExplanationTable.site_id)
    .where(
        Assignments.id == bindparam("number"),
        Assignments.campaign_id == bindparam("campaign_id"),
        Assignments.actor == bindparam("actor"),
    )
)  # fmt: skip
FOUND_AND_LOCKED: Final = FOUND.with_for_update(of=Assignments, key_share=True)
STATES: Final = (
    select(Assignments.state, func.count())
    .where(
        Assignments.campaign_id == bindparam("campaign_id"),
        Assignments.actor == bindparam("actor"),
    )
    .group_by(Assignments.state)
)
COUNTED_SECONDS: Final = 5.0
"""For how long the number of judgements that all have given is not counted anew."""
_counted: WeakKeyDictionary[Pool, dict[int, tuple[float, int]]] = WeakKeyDictionary()


def find_assignment(
    session: Session, *, campaign_id: int, number: int, actor: str, lock: bool = False
) -> AnyRow:
    """Of this person in this campaign. Raises NotFoundError, also of what others have."""
    row = None
    if is_integer(number):
        values = {"number": number, "campaign_id": campaign_id, "actor": actor}
        row = fetch(session, FOUND_AND_LOCKED if lock else FOUND, values).one_or_none()
    if row is None:
        raise no_assignment(number)
    return row


def show_assignment(
    session: Session, *, model: str, campaign_id: int, number: int, actor: str
) -> AssignmentView:
    """One that is not answered. Raises NotFoundError."""
    row = find_assignment(session, campaign_id=campaign_id, number=number, actor=actor)
    if row.state not in ("leased", "lapsed"):
        raise no_assignment(number)
    return AssignmentView(
        id=row.id,
        model=model,
        site=row.site,
        index=row.unit_index,
        text=row.text,
        state=row.state,
        leased_until=row.leased_until,
        guideline_version=row.newest_version,
        draft=None if row.draft is None else DraftView.model_validate(row.draft),
    )


def get_assignment(
    session: Session, *, model: str, slug: str, number: int, actor: str
) -> AssignmentView:
    """The same by the campaign's name. Raises NotFoundError."""
    campaign = find_campaign(session, model=model, slug=slug)
    return show_assignment(
        session, model=model, campaign_id=campaign.id, number=number, actor=actor
    )


def source_of(session: Session, *, number: int) -> tuple[int | None, str | None]:
    """Of the explanation of an assignment: the sweep that it was made from (None: the one shown
    now), and its program."""
    query = (
        select(ExplanationTable.sweep_id, ExplanationTable.program)
        .join(Items, Items.explanation_id == ExplanationTable.id)
        .join(Assignments, Assignments.item_id == Items.id)
        .where(Assignments.id == number)
    )
    sweep_id, program = session.execute(query).one()
    return sweep_id, program


def show_held(session: Session, *, model: str, slug: str, actor: str) -> NextView | None:
    """What this person has, without handing out anything; None: nothing. Raises NotFoundError."""
    campaign = find_campaign(session, model=model, slug=slug)
    row = session.execute(
        select(Assignments.id, GuidelineTable.version)
        .join(GuidelineTable, GuidelineTable.id == Assignments.guideline_id)
        .where(
            Assignments.campaign_id == campaign.id,
            Assignments.actor == actor,
            Assignments.state == "leased",
        )
    ).one_or_none()
    if row is None or campaign.status == "ended":
        return None
    return item_view(session, campaign, model=model, number=row.id, actor=actor, shown=row.version)


def item_view(
    session: Session, campaign: AnyRow, *, model: str, number: int, actor: str, shown: int | None
) -> NextView:
    """`shown`: the version of the guidelines that the person was last shown; None: none."""
    assignment = show_assignment(
        session, model=model, campaign_id=campaign.id, number=number, actor=actor
    )
    newest = assignment.guideline_version
    return NextView(
        state="item",
        assignment=assignment,
        own=own_progress(session, campaign, actor=actor),
        new_guidelines=newest if shown is not None and shown < newest else None,
    )


def own_progress(session: Session, campaign: AnyRow, *, actor: str) -> OwnProgress:
    """How much others have judged may be a few seconds old: it is looked at after each answer."""
    states = fetch(session, STATES, {"campaign_id": campaign.id, "actor": actor})
    own: dict[str, int] = dict(states.all())
    return OwnProgress(
        n_judged=own.get("judged", 0),
        n_skipped=own.get("skipped", 0),
        n_judged_by_all=max(_judged(session, campaign.id), own.get("judged", 0)),
        n_wanted=campaign.n_items * campaign.n_per_item,
    )


def newest_version(session: Session, *, campaign_id: int) -> int:
    """Of the guidelines."""
    version: int = fetch(session, NEWEST, {"campaign_id": campaign_id}).scalar_one()
    return version


def no_assignment(number: int) -> NotFoundError:
    return NotFoundError(
        f"You hold no item {number} in this campaign.",
        hint="It was answered or skipped, or it is somebody else's; ask for the next one.",
    )


def _judged(session: Session, campaign_id: int) -> int:
    known = _counted.setdefault(session.get_bind().engine.pool, {})
    at, n = known.get(campaign_id, (0.0, 0))
    if not at or time.monotonic() - at > COUNTED_SECONDS:
        query = select(func.count()).where(
            Assignments.campaign_id == campaign_id, Assignments.state == "judged"
        )
        n = session.scalars(query).one()
        known[campaign_id] = (time.monotonic(), n)
    return n
