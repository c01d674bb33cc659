"""Which account somebody has who comes from an OpenID Connect provider: by issuer and subject, and
never by an e-mail address, which may go from one person to another."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import ConflictError
from app.store.accounts.members import put_role
from app.store.accounts.people import create_account
from app.store.audit.noting import note
from app.store.locating import require_model
from app.store.tables import AccountTable
from app.store.views.account import LinkView, Role

MOST_TRIES: Final = 100


def account_with(session: Session, *, identity: str) -> tuple[int, bool] | None:
    """Its id, and whether it may come in; None: nobody here has this identity."""
    row = session.execute(
        select(AccountTable.id, AccountTable.disabled_at).where(AccountTable.identity == identity)
    ).one_or_none()
    return None if row is None else (row.id, row.disabled_at is None)


def link_identity(session: Session, *, account_id: int, identity: str) -> None:
    """Raises ConflictError where another account has it."""
    row = session.get_one(AccountTable, account_id)
    before = row.identity
    try:
        with session.begin_nested():
            row.identity = identity
            session.flush()
    except IntegrityError as error:
        raise _taken() from error
    note(
        session, action="account.identity_linked", subject=f"account {row.name}",
        before={"with_identity": before is not None}, after={"identity": identity},
    )  # fmt: skip


def unlink_identity(session: Session, *, account_id: int) -> None:
    """Raises ConflictError where the account would have no way in of its own."""
    row = session.get_one(AccountTable, account_id)
    if row.password is None:
        raise ConflictError(
            "This account has no password: it would have no way in.", hint="Set a password first."
        )
    if row.identity is not None:
        note(
            session, action="account.identity_unlinked", subject=f"account {row.name}",
            before={"identity": row.identity},
        )  # fmt: skip
    row.identity = None
    session.flush()


def welcome(
    session: Session, *, identity: str, wished_name: str, full_name: str, role: Role
) -> int:
    """The id of a new account for somebody whom nobody here knew, with a role with every model."""
    name = _free_name(session, wished_name or "guest")
    account_id = create_account(session, name=name, full_name=full_name, identity=identity)
    put_role(session, account_id=account_id, model_id=None, role=role)
    return account_id


def join_with(
    session: Session, *, invite: LinkView, identity: str, name: str, full_name: str
) -> int:
    """The id of the account that an invite makes, which comes in by its identity. Raises
    BadRequestError where the name is none, ConflictError where it or the identity is taken."""
    if account_with(session, identity=identity) is not None:
        raise _taken()
    account_id = create_account(session, name=name, full_name=full_name, identity=identity)
    if invite.role is not None:
        put_role(
            session, account_id=account_id, model_id=_model_of(session, invite), role=invite.role
        )
    return account_id


def _model_of(session: Session, invite: LinkView) -> int | None:
    return None if invite.model is None else require_model(session, name=invite.model)


def _free_name(session: Session, wished: str) -> str:
    for number in range(MOST_TRIES):
        name = wished if number == 0 else f"{wished}-{number + 1}"
        if session.scalar(select(AccountTable.id).where(AccountTable.name == name)) is None:
            return name
    raise ConflictError(
        f"Too many accounts are called {wished!r} here.",
        hint="Ask an administrator for an invite, which lets you choose a name.",
    )


def _taken() -> ConflictError:
    return ConflictError(
        "Another account here has this identity.",
        hint="Sign in with it, or unlink it there first.",
    )
