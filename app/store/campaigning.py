"""Reviewers begin campaigns, tell annotators what to do, pause and end them.

made = create_campaign(session, model="toy", plan=Plan(title="Rules of layer 3"), actor="ada")
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError
from app.store.audit.noting import changed, note
from app.store.choice import MOST_GOLD, Choice, Gold
from app.store.drawing import draw
from app.store.inserting import insert_new
from app.store.locating import require_model
from app.store.naming import insert_named
from app.store.queries.campaign import find_campaign, get_campaign
from app.store.tables import CampaignItemTable, CampaignTable, ExplanationTable, GuidelineTable
from app.store.views.campaign import QUESTIONS, CampaignView, Question, Status
from app.store.writing_explanations import storable

LONGEST_TITLE: Final = 200
LONGEST_GUIDELINES: Final = 50_000
MOST_PER_ITEM: Final = 50
LONGEST_LEASE: Final = 7 * 24 * 3600
AT_ONCE: Final = 1_000
"""Rows of one statement."""


class Plan(BaseModel):
    """What a campaign is to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(
        min_length=1, max_length=LONGEST_TITLE, pattern=r"\S", description="What it is called.",
        examples=["Do rules say what neurons do?"],
    )  # fmt: skip
    slug: str | None = Field(
        default=None, max_length=100, description="In addresses; made of the title where it is "
        "left out.", examples=["rules-1"],
    )  # fmt: skip
    choice: Choice = Field(default=Choice(), description="What is judged.")
    gold: tuple[Gold, ...] = Field(
        default=(), max_length=MOST_GOLD, description="Items with known answers, mixed in among "
        "the others; annotators are not told.",
    )  # fmt: skip
    questions: tuple[Question, ...] = Field(
        default=tuple(QUESTIONS), max_length=len(QUESTIONS),
        description="Asked besides the verdict.", examples=[["specificity", "note"]],
    )  # fmt: skip
    n_per_item: int = Field(
        default=2, ge=1, le=MOST_PER_ITEM, description="Judgements of each item, by as many "
        "people.", examples=[3],
    )  # fmt: skip
    lease_seconds: int = Field(
        default=1800, ge=10, le=LONGEST_LEASE, description="For how long an item is kept for "
        "whoever got it.", examples=[1800],
    )  # fmt: skip
    guidelines: Annotated[str, Field(max_length=LONGEST_GUIDELINES)] = Field(
        default="", description="What annotators are to go by, in Markdown.",
        examples=["Look at the random windows first."],
    )  # fmt: skip


def create_campaign(session: Session, *, model: str, plan: Plan, actor: str) -> CampaignView:
    """Raises NotFoundError, BadRequestError where there is nothing to judge, and ConflictError for
    a slug that is taken."""
    model_id = require_model(session, name=model)
    drawn = draw(session, model=model, choice=plan.choice)
    gold = _gold(session, model_id, plan.gold)
    items = list(dict.fromkeys([*drawn.explanation_ids, *gold]))
    items.sort(key=lambda one: plan.choice.place(f"order:{one}"))
    now = datetime.now(UTC)
    campaign_id, slug = insert_named(
        session,
        CampaignTable,
        model_id=model_id,
        slug=plan.slug,
        title=plan.title,
        values={
            "title": storable(plan.title.strip()),
            "request": {
                **plan.choice.model_dump(mode="json"),
                "n_candidates": drawn.n_candidates,
            },
            "n_items": len(items),
            "questions": [one for one in QUESTIONS if one in plan.questions],
            "n_per_item": plan.n_per_item,
            "lease_seconds": plan.lease_seconds,
            "status": "open",
            "actor": actor,
            "created_at": now,
        },
    )
    rows = [
        {
            "campaign_id": campaign_id, "position": position, "explanation_id": number,
            "expected": gold.get(number), "n_free": plan.n_per_item,
        }
        for position, number in enumerate(items)
    ]  # fmt: skip
    for start in range(0, len(rows), AT_ONCE):
        session.execute(insert(CampaignItemTable), rows[start : start + AT_ONCE])
    _add(session, campaign_id, 1, plan.guidelines, actor, now)
    note(
        session, actor=actor, action="campaign.created", model=model, subject=f"campaign {slug}",
        after={**plan.model_dump(mode="json"), "slug": slug, "n_items": len(items)},
    )  # fmt: skip
    return get_campaign(session, model=model, slug=slug, may_review=True)


def set_status(
    session: Session, *, model: str, slug: str, status: Status, actor: str
) -> CampaignView:
    """Paused: nothing is handed out, and what people hold may be answered. Ended: for good. Raises
    NotFoundError, and ConflictError where it has ended."""
    found = find_campaign(session, model=model, slug=slug, lock=True)
    if found.status == "ended" and status != "ended":
        raise ConflictError(
            f"The campaign {slug} has ended.", hint="Begin another; this one stays as it was."
        )
    if found.status != status:
        ended_at = datetime.now(UTC) if status == "ended" else None
        session.execute(
            update(CampaignTable)
            .where(CampaignTable.id == found.id)
            .values(status=status, ended_at=ended_at)
        )
        verb = {"open": "resumed", "paused": "paused", "ended": "ended"}[status]
        note(
            session, actor=actor, action=f"campaign.{verb}", model=model,
            subject=f"campaign {slug}",
            **changed({"status": found.status}, {"status": status}),
        )  # fmt: skip
    return get_campaign(session, model=model, slug=slug, may_review=True)


def add_guidelines(
    session: Session, *, model: str, slug: str, markdown: str, actor: str
) -> CampaignView:
    """A new version, which whoever is judging is told of. Raises NotFoundError, BadRequestError,
    and ConflictError where the campaign has ended or the newest version says just this."""
    found = find_campaign(session, model=model, slug=slug, lock=True)
    if found.status == "ended":
        raise ConflictError(
            f"The campaign {slug} has ended: nobody would read this.", hint="Begin another."
        )
    if len(markdown) > LONGEST_GUIDELINES:
        raise BadRequestError(
            "These guidelines are too long.", hint=f"Take {LONGEST_GUIDELINES:,} characters."
        )
    newest = session.execute(
        select(func.max(GuidelineTable.version)).where(GuidelineTable.campaign_id == found.id)
    ).scalar_one()
    before = session.scalar(
        select(GuidelineTable.markdown).where(
            GuidelineTable.campaign_id == found.id, GuidelineTable.version == newest
        )
    )
    written = _as_kept(markdown)
    if written == before:
        raise ConflictError(
            f"Version {newest} of the guidelines says just this.", hint="Change something."
        )
    if not _add(session, found.id, newest + 1, markdown, actor, datetime.now(UTC)):
        raise ConflictError(
            "Somebody else has just written a new version.", hint="Read it, then write yours."
        )
    note(
        session, actor=actor, action="campaign.guidelines_written", model=model,
        subject=f"campaign {slug}", before={"version": newest, "markdown": before},
        after={"version": newest + 1, "markdown": written},
    )  # fmt: skip
    return get_campaign(session, model=model, slug=slug, may_review=True)


def _add(
    session: Session, campaign_id: int, version: int, markdown: str, actor: str, now: datetime
) -> bool:
    number = insert_new(
        session, GuidelineTable, campaign_id=campaign_id, version=version,
        markdown=_as_kept(markdown), actor=actor, created_at=now,
    )  # fmt: skip
    return number is not None


def _as_kept(markdown: str) -> str:
    return storable(markdown.replace("\r\n", "\n").strip())


def _gold(session: Session, model_id: int, gold: Sequence[Gold]) -> dict[int, str]:
    """The right verdicts by id. Raises BadRequestError for an explanation of another model, or for
    two answers."""
    right = {one.explanation_id: one.verdict for one in gold}
    if len({(one.explanation_id, one.verdict) for one in gold}) > len(right):
        raise BadRequestError(
            "One explanation has two right answers.", hint="Name each gold item once."
        )
    known = set(
        session.scalars(
            select(ExplanationTable.id).where(
                ExplanationTable.id.in_(right), ExplanationTable.model_id == model_id
            )
        )
    )
    if missing := sorted(right.keys() - known):
        raise BadRequestError(
            f"The model has no explanation {missing[0]}, which is named as a gold item.",
            hint="Give ids, or addresses of pages, of explanations of this model.",
        )
    return dict(right)
