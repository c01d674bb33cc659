"""Items are handed out, one at a time, and each to a person once.

    following = hand_out(session, model="toy", slug="rules", actor="ada")

An item has a number of free places (`n_free`). Whoever is handed one takes a place, and it comes
back where it was skipped, or where the lease has run out and somebody else looks for one. Nobody
waits for anybody's item: on PostgreSQL, rows that others hold are passed over; SQLite has one
writer. Everything is found by an index: free places in order of their position, behind the one
that the person had last; leases by when they run out.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Boolean, Integer, Row, String, bindparam, literal_column, select, update
from sqlalchemy.orm import Session

from app.store.audit.noting import note
from app.store.fetching import fetch
from app.store.inserting import insert_new
from app.store.queries.assignment import item_view, own_progress
from app.store.queries.campaign import find_campaign, judged_by, open_to
from app.store.tables import AssignmentTable, CampaignItemTable, GuidelineTable
from app.store.views.campaign import NextView, State

AnyRow = Row[*tuple[Any, ...]]
Items, Assignments = CampaignItemTable, AssignmentTable
GIVEN_BACK: Final = 50
"""Places whose leases have run out that one request gives back."""
LOOKS: Final = 4
"""For a free place, while others hold the rows of all that are left."""
PAUSE: Final = 0.015
JUDGED_ELSEWHERE: Final = "judged on the explanation's own page meanwhile"

CAMPAIGN: Final = bindparam("campaign_id", type_=Integer())
ACTOR: Final = bindparam("actor", type_=String())
ANY_FREE: Final = literal_column("campaign_items.n_free > 0", Boolean())
LEASED: Final = literal_column("assignments.state = 'leased'", Boolean())
"""Written out: the planner takes a partial index only where it sees that the condition holds."""
OWN: Final = (Assignments.campaign_id == CAMPAIGN, Assignments.actor == ACTOR)
BOTH: Final = (Assignments, Items)
LAST: Final = (
    select(Items.position, GuidelineTable.version)
    .select_from(Assignments)
    .join(Items, Items.id == Assignments.item_id)
    .join(GuidelineTable, GuidelineTable.id == Assignments.guideline_id)
    .where(*OWN)
    .order_by(Assignments.id.desc())
    .limit(1)
)
HELD: Final = (
    select(Assignments.id, Assignments.item_id, Assignments.state, judged_by(ACTOR).label("judged"))
    .join(Items, Items.id == Assignments.item_id)
    .where(*OWN, LEASED)
    .with_for_update(of=Assignments, key_share=True)
)
RUN_OUT: Final = (
    select(Assignments.id, Assignments.item_id)
    .join(Items, Items.id == Assignments.item_id)
    .where(Assignments.campaign_id == CAMPAIGN, LEASED, Assignments.leased_until < bindparam("now"))
    .order_by(Assignments.leased_until)
    .limit(GIVEN_BACK)
    .with_for_update(of=BOTH, key_share=True, skip_locked=True)
)
LAPSED: Final = (
    select(Assignments.id, Assignments.item_id)
    .join(Items, Items.id == Assignments.item_id)
    .where(*OWN, Assignments.state == "lapsed", ANY_FREE, ~judged_by(ACTOR))
    .order_by(Assignments.id.desc())
    .limit(1)
    .with_for_update(of=BOTH, key_share=True, skip_locked=True)
)
FREE: Final = (
    select(Items.id).where(Items.campaign_id == CAMPAIGN, ANY_FREE, open_to(ACTOR)).limit(1)
)
NEXT: Final = (
    FREE.add_columns(
        select(GuidelineTable.id)
        .where(GuidelineTable.campaign_id == CAMPAIGN)
        .order_by(GuidelineTable.version.desc())
        .limit(1)
        .scalar_subquery()
        .label("guideline_id")
    )
    .where(Items.position > bindparam("after"))
    .order_by(Items.position)
    .with_for_update(of=Items, key_share=True, skip_locked=True)
)
TAKE: Final = (
    update(Items)
    .where(Items.id == bindparam("number"), Items.n_free > 0)
    .values(n_free=Items.n_free - 1)
    .returning(Items.id)
)
LEASE: Final = (
    update(Assignments)
    .where(Assignments.id == bindparam("number"))
    .values(state="leased", leased_until=bindparam("until"))
)


def hand_out(session: Session, *, model: str, slug: str, actor: str) -> NextView:
    """What this person has already, or a new item. Raises NotFoundError."""
    campaign = find_campaign(session, model=model, slug=slug)
    if campaign.status == "ended":
        return _without(session, campaign, actor, "ended")
    last = _last(session, campaign.id, actor)
    shown = None if last is None else last.version
    number = _held(session, campaign, actor)
    if number is None and campaign.status == "paused":
        return _without(session, campaign, actor, "paused")
    if number is None:
        number, state = _take(session, campaign, actor, -1 if last is None else last.position)
        if number is None:
            return _without(session, campaign, actor, state)
        note(
            session, actor=actor, action="campaign.handed_out", model=model,
            subject=f"campaign {slug}", after={"assignment": number},
        )  # fmt: skip
    return item_view(session, campaign, model=model, number=number, actor=actor, shown=shown)


def take_place(session: Session, item_id: int) -> bool:
    """Whether there was one; waits for whoever changes the item just now."""
    return fetch(session, TAKE, {"number": item_id}).first() is not None


def close(session: Session, assignment: AnyRow, reason: str) -> None:
    """Skipped; its place is free again."""
    if assignment.state == "leased":
        session.execute(
            update(Items).where(Items.id == assignment.item_id).values(n_free=Items.n_free + 1)
        )
    session.execute(
        update(Assignments)
        .where(Assignments.id == assignment.id)
        .values(state="skipped", reason=reason, ended_at=datetime.now(UTC), draft=None)
    )


def lease_end(campaign: AnyRow) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=campaign.lease_seconds)


def _without(session: Session, campaign: AnyRow, actor: str, state: State) -> NextView:
    own = own_progress(session, campaign, actor=actor)
    return NextView(state=state, assignment=None, own=own, new_guidelines=None)


def _last(session: Session, campaign_id: int, actor: str) -> AnyRow | None:
    """Where this person is: the position that they were handed last, and the guidelines then."""
    return fetch(session, LAST, {"campaign_id": campaign_id, "actor": actor}).one_or_none()


def _held(session: Session, campaign: AnyRow, actor: str) -> int | None:
    """What they have not answered, with a new lease. What they have judged elsewhere since would
    not be blind: it is given back."""
    while True:
        row = fetch(session, HELD, {"campaign_id": campaign.id, "actor": actor}).one_or_none()
        if row is None or not row.judged:
            break
        close(session, row, JUDGED_ELSEWHERE)
    if row is None:
        return None
    fetch(session, LEASE, {"number": row.id, "until": lease_end(campaign)})
    number: int = row.id
    return number


def _give_back(session: Session, campaign_id: int) -> bool:
    """Whether there were places of leases that have run out; those that others give back just now
    are theirs."""
    values = {"campaign_id": campaign_id, "now": datetime.now(UTC)}
    rows = fetch(session, RUN_OUT, values).all()
    for row in rows:
        session.execute(update(Assignments).where(Assignments.id == row.id).values(state="lapsed"))
        session.execute(
            update(Items).where(Items.id == row.item_id).values(n_free=Items.n_free + 1)
        )
    return bool(rows)


def _take(session: Session, campaign: AnyRow, actor: str, after: int) -> tuple[int | None, State]:
    """The assignment; or why there is none. Leases that have run out are looked for once there is
    no other place: until then nobody needs theirs."""
    for look in range(LOOKS):
        if look:
            time.sleep(PAUSE * look)
        number = _take_any(session, campaign, actor, after)
        if number is None and _give_back(session, campaign.id):
            number = _take_any(session, campaign, actor, after)
        if number is not None:
            return number, "item"
        if fetch(session, FREE, {"campaign_id": campaign.id, "actor": actor}).first() is None:
            return None, "nothing"
    return None, "busy"


def _take_any(session: Session, campaign: AnyRow, actor: str, after: int) -> int | None:
    return _take_again(session, campaign, actor) or _take_new(session, campaign, actor, after)


def _take_again(session: Session, campaign: AnyRow, actor: str) -> int | None:
    """What they had and did not answer in time, where it still has a place."""
    row = fetch(session, LAPSED, {"campaign_id": campaign.id, "actor": actor}).one_or_none()
    if row is None or not take_place(session, row.item_id):
        return None
    fetch(session, LEASE, {"number": row.id, "until": lease_end(campaign)})
    number: int = row.id
    return number


def _take_new(session: Session, campaign: AnyRow, actor: str, after: int) -> int | None:
    """The next free place behind the last one of this person; else from the beginning."""
    values = {"campaign_id": campaign.id, "actor": actor}
    row = fetch(session, NEXT, values | {"after": after}).one_or_none()
    if row is None and after >= 0:
        row = fetch(session, NEXT, values | {"after": -1}).one_or_none()
    if row is None:
        return None
    number = insert_new(
        session,
        Assignments,
        campaign_id=campaign.id,
        item_id=row.id,
        actor=actor,
        guideline_id=row.guideline_id,
        state="leased",
        handed_at=datetime.now(UTC),
        leased_until=lease_end(campaign),
        reason="",
    )
    if number is None:  # asked twice at once: the other request has got them one
        return _held(session, campaign, actor)
    take_place(session, row.id)
    return number
