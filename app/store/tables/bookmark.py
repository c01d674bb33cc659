"""What somebody wants to find again; nobody else sees it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Moment
from app.store.tables.comment import PLACE

UNIT = text("site_id IS NOT NULL AND explanation_id IS NULL")
EXPLANATION = text("explanation_id IS NOT NULL")
CIRCUIT = text("circuit_id IS NOT NULL")


class BookmarkTable(Base):
    """One person's bookmark of a unit, an explanation or a circuit: one of each."""

    __tablename__ = "bookmarks"
    __table_args__ = (
        CheckConstraint(PLACE, name="place"),
        Index("ix_bookmarks_unit", "actor", "site_id", "unit_index", unique=True,
              sqlite_where=UNIT, postgresql_where=UNIT),
        Index("ix_bookmarks_explanation", "actor", "explanation_id", unique=True,
              sqlite_where=EXPLANATION, postgresql_where=EXPLANATION),
        Index("ix_bookmarks_circuit", "actor", "circuit_id", unique=True,
              sqlite_where=CIRCUIT, postgresql_where=CIRCUIT),
        Index(None, "actor", "id"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[str]
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), index=True)
    site_id: Mapped[int | None] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), index=True
    )
    unit_index: Mapped[int | None]
    explanation_id: Mapped[int | None] = mapped_column(
        ForeignKey("explanations.id", ondelete="CASCADE"), index=True
    )
    circuit_id: Mapped[int | None] = mapped_column(
        ForeignKey("circuits.id", ondelete="CASCADE"), index=True
    )
    note: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment)
