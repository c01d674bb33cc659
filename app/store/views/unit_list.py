"""Lists of units as shown."""

from datetime import datetime

from app.store.views.base import View


class UnitListLine(View):
    """One line of the list of lists."""

    slug: str
    """Random; what it is called in addresses."""
    name: str
    description: str
    actor: str
    model: str | None
    """Whose units alone it takes; None: of any model."""
    personal: bool
    """Only its maker sees it; otherwise whoever sees the model does, and annotators add to it."""
    n_entries: int
    created_at: datetime
    updated_at: datetime


class UnitListEntry(View):
    model: str
    site: str
    index: int
    description: str


class UnitListView(UnitListLine):
    entries: list[UnitListEntry]
    """In the order in which they were added."""
