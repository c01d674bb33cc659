"""Campaigns that tests need, made row by row: who was handed what, and said what of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.store.engine import open_session
from app.store.tables import (
    AssignmentTable,
    CampaignItemTable,
    CampaignTable,
    GuidelineTable,
    JudgementTable,
    ModelTable,
)
from tests.store.rows import MOMENT

QUESTIONS = ["specificity", "sensitivity", "several_meanings", "tags", "note"]


def campaign(
    engine: Engine,
    slug: str = "first",
    *,
    model: str = "toy",
    items: Sequence[int] = (1, 2, 3),
    expected: Mapping[int, str] | None = None,
    status: str = "open",
    actor: str = "rho",
    questions: Sequence[str] = QUESTIONS,
    choice: Mapping[str, object] | None = None,
) -> int:
    """Its id; `items` are explanations, `expected` the verdicts of gold ones."""
    with open_session(engine, commit=True) as session:
        made = CampaignTable(
            model_id=session.scalars(select(ModelTable.id).filter_by(name=model)).one(),
            slug=slug, title=f"The {slug} one", n_items=len(items),
            request={**(choice or {}), "n_candidates": len(items)}, questions=list(questions),
            n_per_item=3, lease_seconds=600, status=status, actor=actor, created_at=MOMENT,
            ended_at=MOMENT if status == "ended" else None,
        )  # fmt: skip
        session.add(made)
        session.flush()
        session.add(
            GuidelineTable(
                campaign_id=made.id, version=1, markdown="Judge.", actor=actor, created_at=MOMENT
            )
        )
        session.add_all(
            CampaignItemTable(
                campaign_id=made.id, position=place, explanation_id=number,
                expected=(expected or {}).get(number), n_free=3,
            )
            for place, number in enumerate(items)
        )  # fmt: skip
        return made.id


def end(engine: Engine, campaign_id: int) -> None:
    with open_session(engine, commit=True) as session:
        row = session.get_one(CampaignTable, campaign_id)
        row.status, row.ended_at = "ended", MOMENT


def answer(
    engine: Engine,
    campaign_id: int,
    actor: str,
    number: int,
    verdict: str,
    *,
    seconds: float | None = 10.0,
    minute: int = 0,
    peeked: bool = False,
    **said: object,
) -> int:
    """A judgement given in the campaign; its id."""
    with open_session(engine, commit=True) as session:
        handed = _hand(session, campaign_id, actor, number, minute, state="judged")
        handed.seconds, handed.peeked_at = seconds, handed.ended_at if peeked else None
        row = judgement(number, actor, verdict, minute=minute, **said)
        row.assignment_id = handed.id
        session.add(row)
        session.flush()
        return row.id


def skip(
    session: Session, campaign_id: int, actor: str, number: int, reason: str, *, minute: int = 0
) -> None:
    """An item that they would not judge."""
    _hand(session, campaign_id, actor, number, minute, state="skipped").reason = reason


def _hand(
    session: Session, campaign_id: int, actor: str, number: int, minute: int, *, state: str
) -> AssignmentTable:
    item = session.scalars(
        select(CampaignItemTable.id).filter_by(campaign_id=campaign_id, explanation_id=number)
    ).one()
    guideline = session.scalars(
        select(GuidelineTable.id).filter_by(campaign_id=campaign_id)
    ).first()
    at = MOMENT + timedelta(minutes=minute)
    handed = AssignmentTable(
        campaign_id=campaign_id, item_id=item, actor=actor, guideline_id=guideline, state=state,
        handed_at=at, leased_until=at, ended_at=at, seconds=None, reason="", draft=None,
    )  # fmt: skip
    session.add(handed)
    session.flush()
    return handed


def judgement(
    number: int, actor: str, verdict: str, *, minute: int = 0, **said: object
) -> JudgementTable:
    """Not yet in the store."""
    given = {
        "specificity": None, "sensitivity": None, "several_meanings": False, "tags": [],
        "note": "", "origin": None, "replaced_at": None,
    }  # fmt: skip
    return JudgementTable(
        explanation_id=number, actor=actor, verdict=verdict,
        created_at=MOMENT + timedelta(minutes=minute), **{**given, **said},
    )  # fmt: skip
