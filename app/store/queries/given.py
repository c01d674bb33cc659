"""The judgements that count: of a campaign those given in it, unseen by others, whatever their
authors said later; of a model otherwise those in force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.errors import BadRequestError
from app.store.queries.asked_judgements import Asked
from app.store.tables import (
    AssignmentTable,
    CampaignItemTable,
    CampaignTable,
    ExplanationTable,
    GuidelineTable,
    JudgementTable,
)

MOST: Final = 200_000
"""Judgements that are computed on at once."""
SEVERAL: Final = "several_meanings"
NOT_ASKED: Final = "not_asked"
"""Of what came with a judgement from elsewhere: questions that nobody was asked there."""
Judgements, Assignments, Items = JudgementTable, AssignmentTable, CampaignItemTable


class Given(NamedTuple):
    """One judgement, and how it came about."""

    id: int
    explanation_id: int
    actor: str
    verdict: str
    specificity: int | None
    sensitivity: int | None
    several_meanings: bool | None
    """None: it was not asked; a box that nobody could tick is no "no"."""
    tags: list[Any]
    note: str
    origin: str | None
    created_at: datetime
    replaced_at: datetime | None
    seconds: float | None
    expected: str | None
    campaign: str | None
    guideline: int | None
    imported: dict[str, Any] | None
    peeked_at: datetime | None
    """When its author, who was to judge it unseen, opened what shows its scores."""
    site_id: int
    unit_index: int

    @property
    def right(self) -> str | None:
        """The verdict that was known beforehand, here or where it was made."""
        return self.expected or (self.imported or {}).get("expected")

    @property
    def is_gold(self) -> bool:
        """Then it tells of its author, and of nothing else."""
        return self.right is not None

    @property
    def peeked(self) -> bool | None:
        """Whether it was given after a look at what shows scores, here or where it was made; None:
        not in a campaign, where nobody looks after that."""
        if self.campaign is not None:
            return self.peeked_at is not None
        return (self.imported or {}).get("peeked")

    @property
    def unit(self) -> tuple[int, int]:
        return self.site_id, self.unit_index


def counting(asked: Asked) -> ColumnElement[bool]:
    """Of judgements joined as `joined` does."""
    if asked.campaign_id is None:
        return Judgements.replaced_at.is_(None) & (ExplanationTable.model_id == asked.model_id)
    return Items.campaign_id == asked.campaign_id


def joined(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """From judgements, with explanation, assignment and item."""
    return (
        query.select_from(Judgements)
        .join(ExplanationTable, ExplanationTable.id == Judgements.explanation_id)
        .outerjoin(Assignments, Assignments.id == Judgements.assignment_id)
        .outerjoin(Items, Items.id == Assignments.item_id)
    )


def under_way() -> ColumnElement[bool]:
    """Whether the explanation, in any of its versions, is an item of a campaign that has not ended:
    whoever sees others' judgements of it may be yet to judge it."""
    item, campaign = aliased(CampaignItemTable), aliased(CampaignTable)
    version = aliased(ExplanationTable)
    origin = func.coalesce(ExplanationTable.origin_id, ExplanationTable.id)
    return exists().where(
        or_(version.id == origin, version.origin_id == origin),
        item.explanation_id == version.id,
        item.campaign_id == campaign.id,
        campaign.status != "ended",
    )


def is_under_way(session: Session, *, explanation_id: int) -> bool:
    """The same of one."""
    query = select(ExplanationTable.id).where(ExplanationTable.id == explanation_id, under_way())
    return session.execute(query).first() is not None


def given(session: Session, asked: Asked, *, sees_all: bool = True) -> list[Given]:
    """By explanation, in the order in which they were given; without those of explanations that a
    campaign is still about, unless somebody `sees_all`. BadRequestError: they are too many."""
    query = _all().where(counting(asked))
    if not sees_all:
        query = query.where(~under_way())
    rows = session.execute(
        query.order_by(Judgements.explanation_id, Judgements.id).limit(MOST + 1)
    ).all()
    if len(rows) > MOST:
        raise BadRequestError(
            f"There are more than {MOST:,} judgements.", hint="Ask for those of one campaign."
        )
    return [_given(row) for row in rows]


def given_of(session: Session, asked: Asked, explanation_ids: Sequence[int]) -> list[Given]:
    """Of some explanations; of a model without a campaign, those in force."""
    query = _all().where(counting(asked), Judgements.explanation_id.in_(explanation_ids))
    rows = session.execute(query.order_by(Judgements.explanation_id, Judgements.id))
    return [_given(row) for row in rows]


def n_left_out(session: Session, asked: Asked) -> int:
    """Explanations with judgements that count, of campaigns that have not ended."""
    query = joined(select(Judgements.explanation_id).distinct())
    return len(session.execute(query.where(counting(asked), under_way())).all())


def _given(row: Row[*tuple[Any, ...]]) -> Given:
    *told, questions = row
    one = Given(*told)
    asked = questions is None or SEVERAL in questions
    if asked and SEVERAL not in (one.imported or {}).get(NOT_ASKED, ()):
        return one
    return one._replace(several_meanings=None)


def _all() -> Select[*tuple[Any, ...]]:
    query = joined(
        select(
            Judgements.id, Judgements.explanation_id, Judgements.actor, Judgements.verdict,
            Judgements.specificity, Judgements.sensitivity, Judgements.several_meanings,
            Judgements.tags, Judgements.note, Judgements.origin, Judgements.created_at,
            Judgements.replaced_at, Assignments.seconds, Items.expected, CampaignTable.slug,
            GuidelineTable.version, Judgements.imported, Assignments.peeked_at,
            ExplanationTable.site_id, ExplanationTable.unit_index, CampaignTable.questions,
        )
    )  # fmt: skip
    return query.outerjoin(CampaignTable, CampaignTable.id == Items.campaign_id).outerjoin(
        GuidelineTable, GuidelineTable.id == Assignments.guideline_id
    )
