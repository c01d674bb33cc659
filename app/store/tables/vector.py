"""Steering vectors: directions of a model's residual stream that somebody keeps."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Moment, Packed


class VectorTable(Base):
    __tablename__ = "vectors"
    __table_args__ = (
        CheckConstraint("site LIKE 'resid.%'", name="site"),
        Index(None, "model_id", "id"),
        # the id of a deleted row is never given again: it is the index by which others name it
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    site: Mapped[str]
    """`resid.7`: the residual stream as it leaves layer 7."""
    label: Mapped[str]
    default_strength: Mapped[float | None]
    """How many times it is added where nobody says."""
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment)
    values: Mapped[bytes] = mapped_column(Packed)
    """float32 [d_model]"""
