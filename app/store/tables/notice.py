"""What waits in people's inboxes: that somebody named them, replied, commented, or decided."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Moment

UNREAD = text("read_at IS NULL")


class NoticeTable(Base):
    """One thing that one person is told of. It is shown only while they see the model, and never
    says more than what they may read there."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("kind IN ('mention', 'reply', 'comment', 'decision')", name="kind"),
        UniqueConstraint("comment_id", "recipient"),
        Index(None, "recipient", "id"),
        Index("ix_notices_unread", "recipient", sqlite_where=UNREAD, postgresql_where=UNREAD),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str]
    kind: Mapped[str]
    actor: Mapped[str]
    """Who did what they are told of."""
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), index=True)
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    explanation_id: Mapped[int | None] = mapped_column(
        ForeignKey("explanations.id", ondelete="CASCADE"), index=True
    )
    """Of a decision."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    read_at: Mapped[datetime | None] = mapped_column(Moment)
