"""What people say to each other about a unit, an explanation, a circuit."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment

PLACE: Final = (
    "(site_id IS NULL) = (unit_index IS NULL)"
    " AND (site_id IS NULL) = (circuit_id IS NOT NULL)"
    " AND (explanation_id IS NULL OR site_id IS NOT NULL)"
)
"""A unit, an explanation with its unit, or a circuit."""


class CommentTable(Base):
    """One comment; a withdrawn one stays as a place holder, whose text nobody is shown."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint(PLACE, name="place"),
        Index(None, "site_id", "unit_index", "id"),
        Index(None, "explanation_id", "id"),
        Index(None, "circuit_id", "id"),
        Index(None, "parent_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), index=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    unit_index: Mapped[int | None]
    explanation_id: Mapped[int | None] = mapped_column(
        ForeignKey("explanations.id", ondelete="CASCADE")
    )
    """The version that it was said of; shown with every version."""
    circuit_id: Mapped[int | None] = mapped_column(ForeignKey("circuits.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    """What it replies to, which replies to nothing itself."""
    actor: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    mentions: Mapped[list[Any]] = mapped_column(Json)
    """Names in the text of people who saw the model when it was written."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    edited_at: Mapped[datetime | None] = mapped_column(Moment)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Moment)
    withdrawn_by: Mapped[str | None]
