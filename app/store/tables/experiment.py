"""Experiments: what was changed in a network on one prompt, and what that changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment, Packed


class ExperimentTable(Base):
    __tablename__ = "experiments"
    __table_args__ = (
        CheckConstraint("kind IN ('experiment', 'generation', 'edit_sweep')", name="kind"),
        Index(None, "model_id", "id"),
        Index(None, "digest"),
        # the id of a deleted row is never given again: cursors name experiments by it
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    """Random; its permalink."""
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    """The run that its numbers are of; forks that changed nothing share it."""
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("experiments.id", ondelete="SET NULL"), index=True
    )
    """What it was forked from; NULL also where that was deleted."""
    kind: Mapped[str]
    actor: Mapped[str]
    name: Mapped[str | None]
    note: Mapped[str | None]
    digest: Mapped[str]
    """SHA-256 of kind and request: the same asked again finds this row."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    prompt: Mapped[str | None]
    """Its beginning, for lists; NULL where token ids were given."""
    n_edits: Mapped[int]
    places: Mapped[list[str]] = mapped_column(Json)
    """The first of what is edited: `mlp.12/345`, `resid.7`; of a sweep, sites; none: every site."""
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    """As the inference service was asked, without the model."""
    answer: Mapped[bytes] = mapped_column(Packed)
    """`packing.pack_json` of what it answered."""
    continuations: Mapped[bytes | None] = mapped_column(Packed)
    """`packing.pack_json` of request, tokens and end of what was generated under these edits."""
