"""Bookmarks as their owner sees them."""

from datetime import datetime

from app.store.views.base import View


class BookmarkView(View):
    id: int
    model: str
    site: str | None
    """None: it is of a circuit."""
    index: int | None
    explanation_id: int | None
    circuit: str | None
    says: str
    """Of an explanation its text, of a circuit its title; of a unit, nothing."""
    note: str
    created_at: datetime
