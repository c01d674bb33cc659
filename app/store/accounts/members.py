"""Which role an account has with which model."""

from typing import Final, get_args

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.store.accounts.overreaching import withdraw_overreaching
from app.store.accounts.people import get_account
from app.store.audit.noting import note
from app.store.fetching import fetch
from app.store.locating import require_model
from app.store.tables import AccountTable, MembershipTable, ModelTable
from app.store.views.account import Role

ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""Who may do most first."""


ROLES_OF: Final = (
    select(ModelTable.name, MembershipTable.role)
    .select_from(MembershipTable)
    .outerjoin(ModelTable, ModelTable.id == MembershipTable.model_id)
    .where(MembershipTable.account_id == bindparam("account_id"))
)


def role_called(text: str) -> Role | None:
    """None for "none". Raises BadRequestError."""
    for role in ROLES:
        if role == text:
            return role
    if text == "none":
        return None
    raise BadRequestError(f"{text!r} is no role.", hint=f"Known: {', '.join(ROLES)}.")


def set_role(session: Session, *, name: str, model: str | None, role: Role | None) -> None:
    """Gives an account a role with a model, in the place of the one that it had; `model` None: with
    every model; `role` None: none. Raises NotFoundError."""
    account_id = get_account(session, name=name).id
    model_id = None if model is None else require_model(session, name=model)
    put_role(session, account_id=account_id, model_id=model_id, role=role)


def put_role(session: Session, *, account_id: int, model_id: int | None, role: Role | None) -> None:
    """The same of rows that are known. Invites that they could not send any more are withdrawn."""
    where = (
        MembershipTable.model_id.is_(None)
        if model_id is None
        else MembershipTable.model_id == model_id
    )
    gone = session.execute(
        delete(MembershipTable)
        .where(MembershipTable.account_id == account_id, where)
        .returning(MembershipTable.role)
    ).scalar_one_or_none()
    if role is not None:
        session.add(MembershipTable(account_id=account_id, model_id=model_id, role=role))
    session.flush()
    if role != gone:
        note(
            session, action="role.changed",
            subject=f"account {session.get_one(AccountTable, account_id).name}",
            model=None if model_id is None else session.get_one(ModelTable, model_id).name,
            before={"role": gone}, after={"role": role},
        )  # fmt: skip
        withdraw_overreaching(session, account_id=account_id)


def roles_of(session: Session, *, account_id: int) -> dict[str | None, Role]:
    """By name of model; None: every model."""
    rows = fetch(session, ROLES_OF, {"account_id": account_id})
    return {row.name: row.role for row in rows}
