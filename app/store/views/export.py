"""Requests to take something out of a sealed server, as shown."""

from datetime import datetime
from typing import Literal

from app.store.views.base import View

ExportStatus = Literal["waiting", "approved", "refused"]


class ExportView(View):
    id: int
    actor: str
    address: str
    """Path and query of what is to be taken out."""
    model: str | None
    purpose: str
    status: ExportStatus
    words: str
    """Of whoever decided."""
    decided_by: str | None
    created_at: datetime
    decided_at: datetime | None
    expires_at: datetime | None
    """Until when it may be taken out; null: it may not."""
    used_at: datetime | None
    n_used: int
    """How often it was."""
