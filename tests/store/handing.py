"""Campaigns on the explanations of a test's own store."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, select, update

from app.store.answering import Answered, skip, submit
from app.store.assigning import hand_out
from app.store.campaigning import Plan, create_campaign
from app.store.choice import Choice
from app.store.engine import open_session
from app.store.judging import Rating
from app.store.tables import AssignmentTable, CampaignItemTable, JudgementTable
from app.store.views.campaign import CampaignView, NextView

PLACE: dict[str, str] = {"model": "toy", "slug": "c"}
ACCEPT = Rating("accept")


def begin(engine: Engine, model: str = "toy", **plan: Any) -> CampaignView:
    PLACE["model"] = model
    with open_session(engine, commit=True) as session:
        return create_campaign(
            session, model=model, actor="root",
            plan=Plan.model_validate({"title": "C", "slug": "c", "n_per_item": 1, **plan}),
        )  # fmt: skip


def ask(engine: Engine, actor: str = "ada") -> NextView:
    with open_session(engine, commit=True) as session:
        return hand_out(session, actor=actor, **PLACE)


def number(engine: Engine, actor: str = "ada") -> int:
    given = ask(engine, actor).assignment
    assert given is not None
    return given.id


def answer(
    engine: Engine, at: int, actor: str = "ada", rating: Rating = ACCEPT, **said: Any
) -> Answered:
    with open_session(engine, commit=True) as session:
        return submit(session, number=at, actor=actor, rating=rating, **PLACE, **said)


def pass_over(engine: Engine, at: int, actor: str = "ada", reason: str = "not my field") -> None:
    with open_session(engine, commit=True) as session:
        skip(session, number=at, actor=actor, reason=reason, **PLACE)


def run_out(engine: Engine, actor: str | None = None) -> None:
    """All leases, or those of a person."""
    with open_session(engine, commit=True) as session:
        past = update(AssignmentTable).values(leased_until=datetime.now(UTC) - timedelta(seconds=1))
        session.execute(past if actor is None else past.where(AssignmentTable.actor == actor))


def rows(engine: Engine) -> list[AssignmentTable]:
    with open_session(engine) as session:
        return list(session.scalars(select(AssignmentTable).order_by(AssignmentTable.id)))


def places(engine: Engine) -> list[tuple[int, int]]:
    """Of each item: free places, and those that are judged or held."""
    taken = (
        select(func.count())
        .select_from(AssignmentTable)
        .where(
            AssignmentTable.item_id == CampaignItemTable.id,
            AssignmentTable.state.in_(("leased", "judged")),
        )
        .correlate(CampaignItemTable)
        .scalar_subquery()
    )
    with open_session(engine) as session:
        query = select(CampaignItemTable.n_free, taken).order_by(CampaignItemTable.position)
        return [(free, n) for free, n in session.execute(query)]


def judgements(engine: Engine) -> list[JudgementTable]:
    with open_session(engine) as session:
        return list(session.scalars(select(JudgementTable).order_by(JudgementTable.id)))


def items(engine: Engine) -> list[CampaignItemTable]:
    with open_session(engine) as session:
        query = select(CampaignItemTable).order_by(
            CampaignItemTable.campaign_id, CampaignItemTable.position
        )
        return list(session.scalars(query))


def choice(**said: Any) -> Choice:
    return Choice.model_validate(said)
