"""Lists of units that somebody keeps, in an order of their own."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Moment


class UnitListTable(Base):
    __tablename__ = "unit_lists"
    __table_args__ = (
        # the id of a deleted row is never given again: cursors name lists by it
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    """Random; what it is called in addresses."""
    name: Mapped[str]
    description: Mapped[str]
    actor: Mapped[str]
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), index=True
    )
    """Whose units alone it takes; NULL: of any model."""
    personal: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """Only its maker sees it."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)


class UnitListEntryTable(Base):
    """One unit of a list; they come in the order in which they were added."""

    __tablename__ = "unit_list_entries"
    __table_args__ = (
        UniqueConstraint("list_id", "site_id", "unit_index"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("unit_lists.id", ondelete="CASCADE"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    unit_index: Mapped[int]
    description: Mapped[str]
