"""Accounts are made, found, told and disabled.

with open_session(engine, commit=True) as session:
    create_account(session, name="ada", full_name="Ada", password=hashed)
"""

import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.accounts.overreaching import withdraw_overreaching
from app.store.audit.noting import note
from app.store.tables import AccountTable, LoginTable, MembershipTable, ModelTable
from app.store.views.account import LOCAL_OWNER, AccountView, Membership

NAME: Final = r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$"
LONGEST_FULL_NAME: Final = 200
MEMBERSHIPS: Final = (
    select(MembershipTable.account_id, ModelTable.name, MembershipTable.role)
    .outerjoin(ModelTable, ModelTable.id == MembershipTable.model_id)
    .order_by(MembershipTable.model_id.is_not(None), ModelTable.name)
)
"""That with every model first."""


def create_account(
    session: Session,
    *,
    name: str,
    full_name: str = "",
    password: str | None = None,
    identity: str | None = None,
    is_administrator: bool = False,
) -> int:
    """Its id; `password` is hashed already.

    Raises BadRequestError where the name is none, ConflictError where it is taken.
    """
    if not re.fullmatch(NAME, name):
        raise BadRequestError(
            f"{name!r} cannot be the name of an account.",
            hint="Take lower-case letters and digits, with . - or _ between them, 64 at most.",
        )
    number = _insert(
        session,
        AccountTable(
            name=name,
            full_name=checked_full_name(full_name),
            password=password,
            identity=identity,
            is_administrator=is_administrator,
            created_at=datetime.now(UTC),
        ),
    )
    note(
        session, action="account.created", subject=f"account {name}",
        after={"full_name": full_name, "administrator": is_administrator,
               "with_password": password is not None, "with_identity": identity is not None},
    )  # fmt: skip
    return number


def local_owner(session: Session) -> int:
    """The id of the account of whoever acts on the machine itself; made where it is missing."""
    known = session.scalar(select(AccountTable.id).where(AccountTable.name == LOCAL_OWNER))
    if known is not None:
        return known
    return _insert(
        session,
        AccountTable(
            name=LOCAL_OWNER,
            full_name="",
            password=None,
            identity=None,
            is_administrator=True,
            created_at=datetime.now(UTC),
        ),
    )


def somebody_else(session: Session) -> bool:
    """Whether there is any account but the local owner's."""
    others = select(AccountTable.id).where(AccountTable.name != LOCAL_OWNER).limit(1)
    return session.scalar(others) is not None


def has_administrator(session: Session) -> bool:
    """Somebody with a way in who may do everything, the local owner aside."""
    query = select(AccountTable.id).where(
        AccountTable.name != LOCAL_OWNER,
        AccountTable.is_administrator,
        AccountTable.disabled_at.is_(None),
    )
    return session.scalar(query.limit(1)) is not None


def list_accounts(session: Session) -> list[AccountView]:
    """By name."""
    rows = session.scalars(select(AccountTable).order_by(AccountTable.name)).all()
    roles: dict[int, list[Membership]] = defaultdict(list)
    for row in session.execute(MEMBERSHIPS):
        roles[row.account_id].append(Membership(model=row.name, role=row.role))
    return [_view(row, roles[row.id]) for row in rows]


def get_account(session: Session, *, name: str) -> AccountView:
    """Raises NotFoundError."""
    row = _require(session, name)
    roles = session.execute(MEMBERSHIPS.where(MembershipTable.account_id == row.id))
    return _view(row, [Membership(model=one.name, role=one.role) for one in roles])


def password_of(session: Session, *, name: str) -> tuple[int, str] | None:
    """Id and hash of an account that may come in with a password."""
    row = session.execute(
        select(AccountTable.id, AccountTable.password).where(
            AccountTable.name == name, AccountTable.disabled_at.is_(None)
        )
    ).one_or_none()
    return None if row is None or row.password is None else (row.id, row.password)


def set_password(session: Session, *, account_id: int, password: str) -> None:
    """`password` is hashed already."""
    row = session.get_one(AccountTable, account_id)
    note(
        session, action="account.password_changed", subject=f"account {row.name}",
        before={"with_password": row.password is not None}, after={"with_password": True},
    )  # fmt: skip
    row.password = password
    session.flush()


def set_administrator(session: Session, *, name: str, is_administrator: bool) -> None:
    """Whether it may do everything on this server; the invites of one that may not any more are
    withdrawn, but to models that it owns. Raises NotFoundError, and ConflictError where
    nobody would be left who may."""
    row = _require(session, name)
    if not is_administrator:
        _check_others(session, row)
    if row.is_administrator != is_administrator:
        note(
            session, action="account.administrator_changed", subject=f"account {name}",
            before={"administrator": row.is_administrator},
            after={"administrator": is_administrator},
        )  # fmt: skip
    row.is_administrator = is_administrator
    session.flush()
    withdraw_overreaching(session, account_id=row.id)


def disable(session: Session, *, name: str) -> None:
    """It cannot come in any more, and is signed out, nor can others by what it sent them; what it
    did stays. Raises NotFoundError, and
    ConflictError for the last administrator."""
    row = _require(session, name)
    _check_others(session, row)
    now = datetime.now(UTC)
    if row.disabled_at is None:
        note(session, action="account.disabled", subject=f"account {name}")
    row.disabled_at = row.disabled_at or now
    session.execute(
        update(LoginTable)
        .where(LoginTable.account_id == row.id, LoginTable.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    session.flush()
    withdraw_overreaching(session, account_id=row.id)


def enable(session: Session, *, name: str) -> None:
    """Raises NotFoundError."""
    row = _require(session, name)
    if row.disabled_at is not None:
        note(session, action="account.enabled", subject=f"account {name}")
    row.disabled_at = None
    session.flush()


def _check_others(session: Session, row: AccountTable) -> None:
    """Raises ConflictError of the only administrator. Locks them all: two who go at once would each
    see the other."""
    query = select(AccountTable.id).where(
        AccountTable.is_administrator,
        AccountTable.disabled_at.is_(None),
        AccountTable.name != LOCAL_OWNER,
    )
    locked = session.scalars(query.order_by(AccountTable.id).with_for_update()).all()
    if locked == [row.id]:
        raise ConflictError(
            f"{row.name} is the only administrator.",
            hint="Make another account an administrator first.",
        )


def _require(session: Session, name: str) -> AccountTable:
    row = session.scalar(select(AccountTable).where(AccountTable.name == name))
    if row is None:
        raise NotFoundError(
            f"There is no account {name!r}.", hint="`patchclamp accounts list` lists them."
        )
    return row


def checked_full_name(full_name: str) -> str:
    """As it is kept. Raises BadRequestError."""
    full_name = " ".join(full_name.split())
    if len(full_name) > LONGEST_FULL_NAME or not full_name.isprintable():
        raise BadRequestError(
            "The full name is too long, or has characters that do not print.",
            hint=f"Take {LONGEST_FULL_NAME} characters at most.",
        )
    return full_name


def _insert(session: Session, row: AccountTable) -> int:
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise ConflictError(
            f"There is an account {row.name!r} already.", hint="Take another name."
        ) from error
    return row.id


def _view(row: AccountTable, memberships: list[Membership]) -> AccountView:
    return AccountView(
        id=row.id,
        name=row.name,
        full_name=row.full_name,
        is_administrator=row.is_administrator,
        has_password=row.password is not None,
        has_identity=row.identity is not None,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        memberships=memberships,
    )
