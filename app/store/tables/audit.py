"""Who did what, when: a chain that shows where it was broken."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment


class AuditTable(Base):
    """One thing that was done. Only ever added to, which triggers in the database see to as well;
    names instead of keys, so that no row changes with what it speaks of."""

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "actor", "id"),
        Index(None, "model", "id"),
        Index(None, "action", "id"),
        Index(None, "model", "action", "id"),
        Index(None, "model", "actor", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """1, 2, 3, … without gaps."""
    at: Mapped[datetime] = mapped_column(Moment)
    actor: Mapped[str]
    token: Mapped[str | None]
    """Name of the token that was used."""
    action: Mapped[str]
    """`explanation.withdrawn`"""
    model: Mapped[str | None]
    subject: Mapped[str]
    """What it was done to, as its address names it."""
    before: Mapped[Any | None] = mapped_column(Json)
    after: Mapped[Any | None] = mapped_column(Json)
    seal: Mapped[str]
    """HMAC-SHA-256 of the row and of the seal before it."""


class AuditHeadTable(Base):
    """Where the chain ends: a single row, without which the last rows could go unseen."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_id: Mapped[int]
    seal: Mapped[str]
    """Of the last row; empty while there is none."""
    closing: Mapped[str]
    """HMAC-SHA-256 of the two above: nobody else sets the end back."""
    key: Mapped[str]
    """Fingerprint of the key that all of it is sealed with."""
