"""The audit log as shown, and what verifying it came to."""

from datetime import datetime
from typing import Any

from app.store.views.base import View


class AuditLine(View):
    """One thing that was done."""

    id: int
    at: datetime
    """By the clock of the machine that did it; the order is that of the ids."""
    actor: str
    token: str | None
    """Name of the token that was shown."""
    action: str
    model: str | None
    subject: str
    before: Any
    after: Any
    seal: str


class Unverified(View):
    """Rows that the key does not fit, before one that says why the log goes on."""

    first_id: int
    last_id: int
    fault: str
    because: str


class AuditVerification(View):
    fault: str | None
    """The first difference; None: there is none."""
    n_rows: int
    """That were read."""
    newest: bool
    """Only the newest were."""
    last_id: int | None
    last_seal: str | None
    unverified: list[Unverified]
