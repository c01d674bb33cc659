"""How disagreements about explanations were settled."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Moment


class DecisionTable(Base):
    """A reviewer's last word on one version of one explanation. Never changed: a later one takes
    its place."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("verdict IN ('accept', 'edit', 'reject', 'unsure')", name="verdict"),
        Index(
            "ix_decisions_counting", "explanation_id", unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    explanation_id: Mapped[int] = mapped_column(
        ForeignKey("explanations.id", ondelete="CASCADE"), index=True
    )
    campaign_id: Mapped[int | None] = mapped_column(
        ForeignKey("campaigns.id", ondelete="SET NULL"), index=True
    )
    """Whose judgements were settled; NULL: those of the explanation's own page."""
    actor: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]
    merged_id: Mapped[int | None] = mapped_column(
        ForeignKey("explanations.id", ondelete="SET NULL"), index=True
    )
    """The explanation that was written from what people said, where there is one."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    replaced_at: Mapped[datetime | None] = mapped_column(Moment)
