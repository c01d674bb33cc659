"""Tasks: what circuits of a model are found on."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment, Packed


class TaskTable(Base):
    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("model_id", "slug"),
        CheckConstraint(
            "metric IN ('logit_difference', 'log_probability', 'kl', 'own_tokens')", name="metric"
        ),
        CheckConstraint("n_pairs > 0", name="n_pairs"),
        Index(None, "model_id", "id"),
        Index(None, "model_id", "digest"),
        # the id of a deleted row is never given again: cursors name tasks by it
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    """Whose tokenizer its token ids are of."""
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("runs.id", ondelete="SET NULL"), index=True
    )
    """That measured the competence."""
    slug: Mapped[str]
    """What it is called in addresses, beside its model."""
    name: Mapped[str]
    metric: Mapped[str]
    source: Mapped[str]
    """The generator that made it, or the file that it was read from."""
    n_pairs: Mapped[int]
    digest: Mapped[str]
    """SHA-256 of metric and pairs: the same one asks the same."""
    tokenizer_sha256: Mapped[str | None]
    competence: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What the model makes of it, as `analysis.solving.competence` says; NULL: not measured."""
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment)
    content: Mapped[bytes] = mapped_column(Packed)
    """`packing.pack_text` of the `analysis.tasks.task.Task` as JSON."""
