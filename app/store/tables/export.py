"""What somebody wants to take out of a sealed server, and whether they may."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Moment


class ExportTable(Base):
    """One request for one address. Kept, whatever becomes of it; names instead of keys, as in the
    audit log."""

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'approved', 'refused')", name="status"),
        Index(None, "actor", "id"),
        Index(None, "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[str]
    address: Mapped[str]
    """Path and query, in the order of `exactly`."""
    model: Mapped[str | None]
    """That it is of; NULL: of none, or of several."""
    purpose: Mapped[str]
    status: Mapped[str]
    words: Mapped[str]
    """Of whoever decided."""
    decided_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Moment)
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)
    """Of an approval."""
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    n_used: Mapped[int]
