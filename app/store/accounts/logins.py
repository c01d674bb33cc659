"""Browsers that somebody is signed in with: begun, recognised, listed, ended."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm import Session

from app.store.accounts.members import roles_of
from app.store.accounts.people import NAME
from app.store.accounts.secret import LONGEST, digest_of, new_secret
from app.store.audit.noting import note
from app.store.fetching import fetch
from app.store.queries.audit import count_since
from app.store.tables import AccountTable, LoginTable
from app.store.views.account import LoginView, Person

SEEN_EVERY: Final = timedelta(minutes=1)
"""A login is noted as used this often, and not at each request."""
LONGEST_DEVICE: Final = 200
REFUSED: Final = "login.refused"
REFUSED_A_MINUTE: Final = 30
"""So many refusals are noted, whoever they come from."""


OWNER: Final = (
    select(
        AccountTable.id, AccountTable.name, AccountTable.full_name,
        AccountTable.is_administrator, LoginTable.id.label("login_id"), LoginTable.seen_at,
    )
    .join(AccountTable, AccountTable.id == LoginTable.account_id)
    .where(
        LoginTable.digest == bindparam("digest"),
        LoginTable.revoked_at.is_(None),
        LoginTable.expires_at > bindparam("now"),
        AccountTable.disabled_at.is_(None),
    )
)  # fmt: skip


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
    name = session.get_one(AccountTable, account_id).name
    note(
        session, actor=name, action="login.begun", subject=f"account {name}",
        after={"device": printable[:LONGEST_DEVICE]},
    )  # fmt: skip
    return secret


def refuse_login(session: Session, *, name: str, device: str) -> None:
    """Notes that somebody tried to sign in and could not; of a flood of tries only some. What is no
    name is not noted: people type passwords there."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    if count_since(session, action=REFUSED, since=since, most=REFUSED_A_MINUTE) < REFUSED_A_MINUTE:
        printable = "".join(letter for letter in device if letter.isprintable())
        shown = name if re.fullmatch(NAME, name) else "(no name of an account)"
        note(
            session, action=REFUSED, subject=f"account {shown}",
            after={"device": printable[:LONGEST_DEVICE]},
        )  # fmt: skip


def person_of_login(session: Session, *, secret: str) -> tuple[Person, bool] | None:
    """Who is signed in with it, and whether it is time to note so; None where it is forged, has
    ended, or its account is disabled."""
    if len(secret) > LONGEST:
        return None
    now = datetime.now(UTC)
    row = fetch(session, OWNER, {"digest": digest_of(secret), "now": now}).one_or_none()
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
    query = select(LoginTable).where(LoginTable.account_id == account_id, *_open())
    rows = session.scalars(query.order_by(LoginTable.seen_at.desc()))
    return [LoginView.model_validate(row, from_attributes=True, extra="ignore") for row in rows]


def end_login(session: Session, *, account_id: int, login_id: int) -> bool:
    """Whether the account had it."""
    return _end(session, account_id, LoginTable.id == login_id) == 1


def end_logins(session: Session, *, account_id: int, but: int | None = None) -> None:
    """All of an account's, but one."""
    _end(session, account_id, *([] if but is None else [LoginTable.id != but]))


def _end(session: Session, account_id: int, *which: ColumnElement[bool]) -> int:
    """How many."""
    ended = session.execute(
        update(LoginTable)
        .where(LoginTable.account_id == account_id, LoginTable.revoked_at.is_(None), *which)
        .values(revoked_at=datetime.now(UTC))
        .returning(LoginTable.id)
    )
    n = len(ended.all())
    if n:
        name = session.get_one(AccountTable, account_id).name
        note(session, action="login.ended", subject=f"account {name}", after={"logins": n})
    return n


def _open() -> tuple[ColumnElement[bool], ...]:
    return (LoginTable.revoked_at.is_(None), LoginTable.expires_at > datetime.now(UTC))
