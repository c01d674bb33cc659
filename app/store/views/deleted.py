"""What is left to be said of something that was deleted."""

from app.store.views.base import View


class DeletedView(View):
    deleted: str
    """What it was called."""
