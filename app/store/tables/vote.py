"""Which explanations people find good or bad, without saying why."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Moment


class VoteTable(Base):
    """One person's vote on one version of an explanation; taken back, it is deleted."""

    __tablename__ = "votes"
    __table_args__ = (CheckConstraint("value IN (-1, 1)", name="value"),)

    explanation_id: Mapped[int] = mapped_column(
        ForeignKey("explanations.id", ondelete="CASCADE"), primary_key=True
    )
    actor: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
    """1 or -1."""
    created_at: Mapped[datetime] = mapped_column(Moment)
