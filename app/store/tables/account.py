"""People, what lets them in, and what they may do where."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment


class AccountTable(Base):
    """Somebody who acts. Never deleted: what they wrote keeps their name."""

    __tablename__ = "accounts"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """What other rows call them; in lower case, and never changed."""
    full_name: Mapped[str]
    password: Mapped[str | None]
    """Argon2id, with parameters and salt; NULL: they come in by a link, or by OpenID Connect."""
    identity: Mapped[str | None] = mapped_column(unique=True)
    """Issuer and subject of OpenID Connect."""
    is_administrator: Mapped[bool]
    """Of the whole server: may do everything, everywhere."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)


class MembershipTable(Base):
    """What an account may do with one model, or with all."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint(
            "role IN ('owner', 'admin', 'reviewer', 'annotator', 'viewer')", name="role"
        ),
        UniqueConstraint("account_id", "model_id"),
        Index(
            "ix_memberships_everywhere", "account_id", unique=True,
            sqlite_where=text("model_id IS NULL"), postgresql_where=text("model_id IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), index=True
    )
    """NULL: every model, also those that are yet to come."""
    role: Mapped[str]


class LoginTable(Base):
    """One browser that somebody is signed in with."""

    __tablename__ = "logins"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the secret in its cookie."""
    device: Mapped[str]
    """As the browser calls itself."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


class LinkTable(Base):
    """An address that lets somebody in once: as an account, to a new one, or to a new password."""

    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint("kind IN ('login', 'invite', 'reset')", name="kind"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of its secret."""
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    """Whom it lets in; NULL of an invite."""
    role: Mapped[str | None]
    """Of an invite: what the new account may do …"""
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), index=True
    )
    """… with this model; NULL: with all."""
    note: Mapped[str]
    """Whom it is meant for, in the words of whoever made it."""
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


class TokenTable(Base):
    """What a program of somebody's shows instead of a password."""

    __tablename__ = "tokens"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the token, which is shown once."""
    ending: Mapped[str]
    """Its last four characters, to tell it from others."""
    scopes: Mapped[list[Any]] = mapped_column(Json)
    """Rights that it has of those of its account."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
