"""Who has which role with one model, as whoever owns it sees and changes it.

A role with every model is given by administrators; here it can be raised with this model, and not
lowered. Somebody always owns the model who was made its owner: the last one stays until there is
another.
"""

from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.errors import ConflictError, NotFoundError
from app.store.accounts.links import list_invites, withdraw_link
from app.store.accounts.members import ROLES, put_role
from app.store.locating import require_model
from app.store.tables import AccountTable, MembershipTable
from app.store.views.account import LOCAL_OWNER, LinkView, MemberView, Role

BY_RANK: Final[dict[Role, int]] = {role: rank for rank, role in enumerate(reversed(ROLES))}


def list_members(session: Session, *, model: str) -> list[MemberView]:
    """Those who may come in, whoever may do most first. Raises NotFoundError."""
    return _members(session, require_model(session, name=model))


def change_role(session: Session, *, model: str, name: str, role: Role | None) -> MemberView | None:
    """What an account is then; None: nothing with this model. `role` None takes the one with this
    model away. Raises NotFoundError where there is no such account that may come in, and
    ConflictError where it would be left without an owner, or a role with every model be lowered."""
    model_id = require_model(session, name=model)
    account_id = session.scalar(
        select(AccountTable.id).where(
            AccountTable.name == name,
            AccountTable.name != LOCAL_OWNER,
            AccountTable.disabled_at.is_(None),
        )
    )
    if account_id is None:
        raise NotFoundError(
            f"There is no account {name!r}.",
            hint="Write its name as its owner signs in with it, or send an invite.",
        )
    _lock(session, model_id)
    before = _members(session, model_id)
    known = next((member for member in before if member.name == name), None)
    if known is None and role is None:
        raise NotFoundError(f"{name!r} has no role with this model.", hint="Nothing was changed.")
    _check_not_lowered(known, role)
    owners = [m.name for m in before if m.own_role == "owner"]
    everywhere = any(m.role == "owner" for m in before if m.own_role is None)
    if owners == [name] and role != "owner" and not everywhere:
        raise ConflictError(
            f"{name} is the only owner of this model.", hint="Make another account an owner first."
        )
    put_role(session, account_id=account_id, model_id=model_id, role=role)
    return next((m for m in _members(session, model_id) if m.name == name), None)


def invites_of(session: Session, *, model: str) -> list[LinkView]:
    """To this model, that can still be used, newest first. Raises NotFoundError."""
    require_model(session, name=model)
    return [link for link in list_invites(session) if link.model == model]


def withdraw_invite_of(session: Session, *, model: str, link_id: int) -> None:
    """Raises NotFoundError, also of an invite to another model."""
    if link_id not in {link.id for link in invites_of(session, model=model)}:
        raise NotFoundError("There is no such invite.", hint="It may have been used meanwhile.")
    withdraw_link(session, link_id=link_id)


def _check_not_lowered(known: MemberView | None, role: Role | None) -> None:
    """Raises ConflictError."""
    everywhere = None if known is None else known.role_everywhere
    if everywhere is not None and role is not None and BY_RANK[role] < BY_RANK[everywhere]:
        raise ConflictError(
            f"{known and known.name} is {everywhere} of every model, and can be no less here.",
            hint="An administrator of this server can change that.",
        )


def _lock(session: Session, model_id: int) -> None:
    """Of two owners who take the role from each other, the second waits."""
    rows = select(MembershipTable.id).where(MembershipTable.model_id == model_id)
    session.scalars(rows.order_by(MembershipTable.id).with_for_update()).all()


def _members(session: Session, model_id: int) -> list[MemberView]:
    rows = session.execute(
        select(
            AccountTable.name, AccountTable.full_name, MembershipTable.role,
            MembershipTable.model_id.is_(None).label("everywhere"),
        )
        .join(AccountTable, AccountTable.id == MembershipTable.account_id)
        .where(
            or_(MembershipTable.model_id == model_id, MembershipTable.model_id.is_(None)),
            AccountTable.disabled_at.is_(None),
        )
    ).all()  # fmt: skip
    own = {row.name: row.role for row in rows if not row.everywhere}
    everywhere = {row.name: row.role for row in rows if row.everywhere}
    full_names = {row.name: row.full_name for row in rows}
    members = [
        MemberView(
            name=name,
            full_name=full_name,
            role=own.get(name) or everywhere[name],
            own_role=own.get(name),
            role_everywhere=everywhere.get(name),
        )
        for name, full_name in full_names.items()
    ]
    return sorted(members, key=lambda member: (-BY_RANK[member.role], member.name))
