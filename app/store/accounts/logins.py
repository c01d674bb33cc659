"""Browsers that somebody is signed in with: begun, recognised, listed, ended."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from app.store.accounts.members import roles_of
from app.store.accounts.secret import LONGEST, digest_of, new_secret
from app.store.tables import AccountTable, LoginTable
from app.store.views.account import LoginView, Person

SEEN_EVERY: Final = timedelta(minutes=1)
"""A login is noted as used this often, and not at each request."""
LONGEST_DEVICE: Final = 200


def begin_login(session: Session, *, account_id: int, device: str, lasts: timedelta) -> str:
    """The secret for its cookie, which is never told again."""
    secret, now = new_secret(), datetime.now(UTC)
    printable = "".join(letter for letter in device if letter.isprintable())
    session.add(
        LoginTable(
            account_id=account_id,
            digest=digest_of(secret),
            device=printable[:LONGEST_DEVICE],
            created_at=now,
            seen_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()
    return secret


def person_of_login(session: Session, *, secret: str) -> tuple[Person, bool] | None:
    """Who is signed in with it, and whether it is time to note so; None where it is forged, has
    ended, or its account is disabled."""
    if len(secret) > LONGEST:
        return None
    now = datetime.now(UTC)
    row = session.execute(
        select(
            AccountTable.id, AccountTable.name, AccountTable.full_name,
            AccountTable.is_administrator, LoginTable.id.label("login_id"), LoginTable.seen_at,
        )
        .join(AccountTable, AccountTable.id == LoginTable.account_id)
        .where(LoginTable.digest == digest_of(secret), *_alive(now))
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    person = Person(
        account_id=row.id,
        name=row.name,
        full_name=row.full_name,
        is_administrator=row.is_administrator,
        roles=roles_of(session, account_id=row.id),
        login_id=row.login_id,
    )
    return person, now - row.seen_at >= SEEN_EVERY


def note_seen(session: Session, *, login_id: int) -> None:
    session.execute(
        update(LoginTable).where(LoginTable.id == login_id).values(seen_at=datetime.now(UTC))
    )


def list_logins(session: Session, *, account_id: int) -> list[LoginView]:
    """Those that still let in, the last used first."""
    rows = session.scalars(_of(account_id).order_by(LoginTable.seen_at.desc()))
    return [LoginView.model_validate(row, from_attributes=True, extra="ignore") for row in rows]


def end_login(session: Session, *, account_id: int, login_id: int) -> bool:
    """Whether the account had it."""
    ended = session.execute(
        update(LoginTable)
        .where(
            LoginTable.id == login_id,
            LoginTable.account_id == account_id,
            LoginTable.revoked_at.is_(None),
        )
        .values(revoked_at=datetime.now(UTC))
        .returning(LoginTable.id)
    )
    return ended.first() is not None


def end_logins(session: Session, *, account_id: int, but: int | None = None) -> None:
    """All of an account's, but one."""
    query = update(LoginTable).where(
        LoginTable.account_id == account_id, LoginTable.revoked_at.is_(None)
    )
    if but is not None:
        query = query.where(LoginTable.id != but)
    session.execute(query.values(revoked_at=datetime.now(UTC)))


def _of(account_id: int) -> Select[LoginTable]:
    now = datetime.now(UTC)
    return select(LoginTable).where(
        LoginTable.account_id == account_id,
        LoginTable.revoked_at.is_(None),
        LoginTable.expires_at > now,
    )


def _alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        LoginTable.revoked_at.is_(None),
        LoginTable.expires_at > now,
        AccountTable.disabled_at.is_(None),
    )
