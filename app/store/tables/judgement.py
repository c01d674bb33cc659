"""What people make of explanations."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment


class JudgementTable(Base):
    """What one person makes of one version of one explanation. Never changed: a later one of the
    same person takes its place."""

    __tablename__ = "judgements"
    __table_args__ = (
        CheckConstraint("verdict IN ('accept', 'edit', 'reject', 'unsure')", name="verdict"),
        CheckConstraint("specificity BETWEEN 1 AND 5", name="specificity"),
        CheckConstraint("sensitivity BETWEEN 1 AND 5", name="sensitivity"),
        Index(
            "ix_judgements_counting", "explanation_id", "actor", unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index(None, "actor", "id"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    explanation_id: Mapped[int] = mapped_column(
        ForeignKey("explanations.id", ondelete="CASCADE"), index=True
    )
    actor: Mapped[str]
    verdict: Mapped[str]
    specificity: Mapped[int | None]
    """1 to 5: whether the unit fires on nothing else."""
    sensitivity: Mapped[int | None]
    """1 to 5: whether it fires wherever the explanation says."""
    several_meanings: Mapped[bool]
    """The unit does more than one thing."""
    tags: Mapped[list[Any]] = mapped_column(Json)
    note: Mapped[str]
    assignment_id: Mapped[int | None] = mapped_column(
        ForeignKey("assignments.id", ondelete="SET NULL"), unique=True
    )
    """Of a campaign: then it was given blind, and counts there whatever its author says later."""
    origin: Mapped[str | None]
    """Where it was made, if elsewhere; then its actor need not have an account here, and is named
    with the origin, as no account can be: `ada (their-lab)`."""
    imported: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What came with it from there: file and line, seconds, the campaign and guideline there."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    replaced_at: Mapped[datetime | None] = mapped_column(Moment)
    """When the same person judged again, or took it back."""
