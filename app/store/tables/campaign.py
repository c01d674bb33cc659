"""Explanations that a team judges together: each by several people, who do not see each other."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment


class CampaignTable(Base):
    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'paused', 'ended')", name="status"),
        CheckConstraint("n_per_item >= 1", name="n_per_item"),
        CheckConstraint("lease_seconds >= 1", name="lease_seconds"),
        UniqueConstraint("model_id", "slug"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), index=True)
    slug: Mapped[str]
    title: Mapped[str]
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    """How its items were chosen (`app.store.choice.Choice`), and what there was to choose from."""
    n_items: Mapped[int]
    questions: Mapped[list[Any]] = mapped_column(Json)
    """What is asked besides the verdict: `specificity`, `sensitivity`, `several_meanings`, `tags`,
    `note`."""
    n_per_item: Mapped[int]
    """Judgements that each item is to get, of as many people."""
    lease_seconds: Mapped[int]
    """For how long an item that was handed to somebody is kept for them."""
    status: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class GuidelineTable(Base):
    """What annotators are told, one row a version. Never changed: judgements name theirs."""

    __tablename__ = "guidelines"
    __table_args__ = (UniqueConstraint("campaign_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    version: Mapped[int]
    """From 1."""
    markdown: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment)


class CampaignItemTable(Base):
    """One version of one explanation to judge, also when it was edited or withdrawn since: what
    people mend at once would else be missing from the sample."""

    __tablename__ = "campaign_items"
    __table_args__ = (
        UniqueConstraint("campaign_id", "explanation_id"),
        UniqueConstraint("campaign_id", "position"),
        CheckConstraint("expected IN ('accept', 'edit', 'reject', 'unsure')", name="expected"),
        CheckConstraint("n_free >= 0", name="n_free"),
        Index(
            "ix_campaign_items_free", "campaign_id", "position",
            sqlite_where=text("n_free > 0"),
            postgresql_where=text("n_free > 0"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    position: Mapped[int]
    """In which it is handed out: from 0, in random order."""
    explanation_id: Mapped[int] = mapped_column(
        ForeignKey("explanations.id", ondelete="CASCADE"), index=True
    )
    expected: Mapped[str | None]
    """Of a gold item: the verdict that is known to be right. No annotator is told which are."""
    n_free: Mapped[int]
    """Places that nobody has judged or holds: `n_per_item` less those."""


class AssignmentTable(Base):
    """One item handed to one person: once. `leased`: it has a place of the item, for a while, and
    then until somebody looks for places; `lapsed`: the place was given back, the draft is kept."""

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("state IN ('leased', 'lapsed', 'judged', 'skipped')", name="state"),
        UniqueConstraint("item_id", "actor"),
        Index(None, "campaign_id", "actor", "id"),
        Index(None, "campaign_id", "state"),
        Index(
            "ix_assignments_held", "campaign_id", "actor", unique=True,
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
        Index(
            "ix_assignments_leased_until", "campaign_id", "leased_until",
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    item_id: Mapped[int] = mapped_column(ForeignKey("campaign_items.id", ondelete="CASCADE"))
    actor: Mapped[str] = mapped_column(index=True)
    guideline_id: Mapped[int] = mapped_column(ForeignKey("guidelines.id", ondelete="CASCADE"))
    """What they were shown: when it was handed out, then the version that the answer names."""
    state: Mapped[str]
    handed_at: Mapped[datetime] = mapped_column(Moment)
    leased_until: Mapped[datetime] = mapped_column(Moment)
    """After that others may get the place; the person may still answer while one is free."""
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    peeked_at: Mapped[datetime | None] = mapped_column(Moment)
    """When they first opened the item's unit or explanation, with its scores, while they held
    it."""
    seconds: Mapped[float | None]
    """From when it was first shown to the answer, without the time that its page was hidden."""
    reason: Mapped[str]
    """Why it was skipped; empty otherwise."""
    draft: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What the page held when it was last kept; NULL once answered."""
