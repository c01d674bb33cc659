"""Comments as shown."""

from datetime import datetime
from typing import Final

from app.store.views.base import View

LONGEST_COMMENT: Final = 5_000
MOST_REPLIES: Final = 200
"""Of one thread."""
MOST_MENTIONS: Final = 20
"""Of one comment; further names stay text."""


class CommentView(View):
    id: int
    model: str
    site: str | None
    """None: it is about a circuit."""
    index: int | None
    explanation_id: int | None
    """The version that it was said of."""
    version: int | None
    circuit: str | None
    parent_id: int | None
    """What it replies to; None: it begins a thread."""
    actor: str
    text: str | None
    """None: it was withdrawn."""
    mentions: list[str]
    """Names in the text, each behind an @, of people who were told."""
    created_at: datetime
    edited_at: datetime | None
    """The audit log has what it said before."""
    withdrawn_at: datetime | None
    withdrawn_by: str | None


class ThreadView(CommentView):
    replies: list[CommentView]
    """Oldest first."""


class DiscussionView(View):
    """What was said about one thing, as one person may see it."""

    n_comments: int
    withheld: bool
    """A campaign may yet ask this person about the explanation: they are shown nothing that could
    sway them."""
    threads: list[ThreadView]
    """The newest ones, oldest first."""
    next_cursor: str | None
    """Leads to the threads before these."""
