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

from sqlalchemy import ColumnElement, Row, Select, exists, func, select, update
from sqlalchemy.orm import Session

from app.store.audit.noting import note
from app.store.inserting import insert_new
from app.store.queries.assignment import item_view, own_progress
from app.store.queries.campaign import find_campaign, judged_by, open_to
from app.store.tables import AssignmentTable, CampaignItemTable, GuidelineTable, JudgementTable
from app.store.views.campaign import NextView, State

AnyRow = Row[*tuple[Any, ...]]
Items, Assignments = CampaignItemTable, AssignmentTable
GIVEN_BACK: Final = 50
"""Places whose leases have run out that one request gives back."""
LOOKS: Final = 4
"""For a free place, while others hold the rows of all that are left."""
PAUSE: Final = 0.015
JUDGED_ELSEWHERE: Final = "judged on the explanation's own page meanwhile"


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
        _give_back(session, campaign.id)
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
    taken = session.execute(
        update(Items)
        .where(Items.id == item_id, Items.n_free > 0)
        .values(n_free=Items.n_free - 1)
        .returning(Items.id)
    )
    return taken.first() is not None


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
    return session.execute(
        select(Items.position, GuidelineTable.version)
        .select_from(Assignments)
        .join(Items, Items.id == Assignments.item_id)
        .join(GuidelineTable, GuidelineTable.id == Assignments.guideline_id)
        .where(Assignments.campaign_id == campaign_id, Assignments.actor == actor)
        .order_by(Assignments.id.desc())
        .limit(1)
    ).one_or_none()


def _held(session: Session, campaign: AnyRow, actor: str) -> int | None:
    """What they have not answered, with a new lease. What they have judged elsewhere since would
    not be blind: it is given back."""
    while True:
        row = session.execute(
            select(
                Assignments.id, Assignments.item_id, Assignments.state,
                exists(
                    select(JudgementTable.id).where(
                        JudgementTable.explanation_id == Items.explanation_id,
                        JudgementTable.actor == actor,
                    )
                ).label("judged"),
            )
            .join(Items, Items.id == Assignments.item_id)
            .where(
                Assignments.campaign_id == campaign.id,
                Assignments.actor == actor,
                Assignments.state == "leased",
            )
            .with_for_update(of=Assignments, key_share=True)
        ).one_or_none()  # fmt: skip
        if row is None or not row.judged:
            break
        close(session, row, JUDGED_ELSEWHERE)
    if row is None:
        return None
    renewed = update(Assignments).where(Assignments.id == row.id)
    session.execute(renewed.values(leased_until=lease_end(campaign)))
    number: int = row.id
    return number


def _give_back(session: Session, campaign_id: int) -> None:
    """The places of leases that have run out; those that others give back just now are theirs."""
    rows = session.execute(
        select(Assignments.id, Assignments.item_id)
        .join(Items, Items.id == Assignments.item_id)
        .where(
            Assignments.campaign_id == campaign_id,
            Assignments.state == "leased",
            Assignments.leased_until < datetime.now(UTC),
        )
        .order_by(Assignments.leased_until)
        .limit(GIVEN_BACK)
        .with_for_update(of=(Assignments, Items), key_share=True, skip_locked=True)
    ).all()
    for row in rows:
        session.execute(update(Assignments).where(Assignments.id == row.id).values(state="lapsed"))
        session.execute(
            update(Items).where(Items.id == row.item_id).values(n_free=Items.n_free + 1)
        )


def _take(session: Session, campaign: AnyRow, actor: str, after: int) -> tuple[int | None, State]:
    """The assignment; or why there is none."""
    for look in range(LOOKS):
        if look:
            time.sleep(PAUSE * look)
        number = _take_again(session, campaign, actor) or _take_new(session, campaign, actor, after)
        if number is not None:
            return number, "item"
        if session.scalar(_free_for(campaign.id, actor).limit(1)) is None:
            return None, "nothing"
    return None, "busy"


def _take_again(session: Session, campaign: AnyRow, actor: str) -> int | None:
    """What they had and did not answer in time, where it still has a place."""
    row = session.execute(
        select(Assignments.id, Assignments.item_id)
        .join(Items, Items.id == Assignments.item_id)
        .where(
            Assignments.campaign_id == campaign.id,
            Assignments.actor == actor,
            Assignments.state == "lapsed",
            Items.n_free > 0,
            ~judged_by(actor),
        )
        .order_by(Assignments.id.desc())
        .limit(1)
        .with_for_update(of=(Assignments, Items), key_share=True, skip_locked=True)
    ).one_or_none()
    if row is None or not take_place(session, row.item_id):
        return None
    session.execute(
        update(Assignments)
        .where(Assignments.id == row.id)
        .values(state="leased", leased_until=lease_end(campaign))
    )
    number: int = row.id
    return number


def _take_new(session: Session, campaign: AnyRow, actor: str, after: int) -> int | None:
    """The next free place behind the last one of this person; else from the beginning."""
    free = _free_for(campaign.id, actor).order_by(Items.position).limit(1)
    locked = free.with_for_update(of=Items, key_share=True, skip_locked=True)
    item_id = session.scalar(locked.where(Items.position > after))
    if item_id is None and after >= 0:
        item_id = session.scalar(locked)
    if item_id is None:
        return None
    number = insert_new(
        session,
        Assignments,
        campaign_id=campaign.id,
        item_id=item_id,
        actor=actor,
        guideline_id=_newest_guidelines(session, campaign.id),
        state="leased",
        handed_at=datetime.now(UTC),
        leased_until=lease_end(campaign),
        reason="",
    )
    if number is None:  # asked twice at once: the other request has got them one
        return _held(session, campaign, actor)
    take_place(session, item_id)
    return number


def _free_for(campaign_id: int, actor: str) -> Select[int]:
    free: ColumnElement[bool] = Items.n_free > 0
    return select(Items.id).where(Items.campaign_id == campaign_id, free, open_to(actor))


def _newest_guidelines(session: Session, campaign_id: int) -> int:
    newest = (
        select(func.max(GuidelineTable.version))
        .where(GuidelineTable.campaign_id == campaign_id)
        .scalar_subquery()
    )
    query = select(GuidelineTable.id).where(
        GuidelineTable.campaign_id == campaign_id, GuidelineTable.version == newest
    )
    return session.scalars(query).one()
