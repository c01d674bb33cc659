"""What waits in an inbox, as shown."""

from datetime import datetime
from typing import Literal

from app.store.views.base import View

NoticeKind = Literal["mention", "reply", "comment", "decision"]


class NoticeView(View):
    id: int
    kind: NoticeKind
    """mention: somebody named you; reply: in a thread of yours; comment: on an explanation of
    yours; decision: about one."""
    actor: str
    model: str
    site: str | None
    index: int | None
    explanation_id: int | None
    circuit: str | None
    comment_id: int | None
    excerpt: str | None
    """How the comment begins; None: it was no comment, or it is withheld."""
    withheld: bool
    created_at: datetime
    read_at: datetime | None


class InboxView(View):
    n_unread: int
    items: list[NoticeView]
    """Newest first."""
    next_cursor: str | None
