"""Addresses that let somebody in once: made, looked at, used."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.accounts.members import ROLES, role_called
from app.store.accounts.secret import LONGEST, digest_of, new_secret
from app.store.locating import require_model
from app.store.tables import AccountTable, LinkTable, ModelTable
from app.store.views.account import LinkKind, LinkView, Role

LONGEST_NOTE: Final = 200


def create_link(
    session: Session,
    *,
    kind: LinkKind,
    lasts: timedelta,
    actor: str,
    account_id: int | None = None,
    role: Role | None = None,
    model_id: int | None = None,
    note: str = "",
) -> str:
    """Its secret, which is never told again. Raises BadRequestError where the note is too long."""
    secret, now = new_secret(), datetime.now(UTC)
    session.add(
        LinkTable(
            kind=kind,
            digest=digest_of(secret),
            account_id=account_id,
            role=role,
            model_id=model_id,
            note=_checked(note),
            actor=actor,
            created_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()
    return secret


def create_invite(
    session: Session, *, role: str, model: str | None, note: str, lasts: timedelta, actor: str
) -> str:
    """The secret of a link by which somebody makes an account with this role; `model` None: with
    every model. Raises NotFoundError, and BadRequestError where the role is none of ours or the
    note too long."""
    wanted = role_called(role)
    if wanted is None:
        raise BadRequestError("An invite needs a role.", hint=f"Known: {', '.join(ROLES)}.")
    model_id = None if model is None else require_model(session, name=model)
    return create_link(
        session, kind="invite", lasts=lasts, actor=actor, role=wanted, model_id=model_id, note=note
    )


def find_link(session: Session, *, secret: str) -> LinkView:
    """What the link would do. Raises NotFoundError where it is forged, used, withdrawn, too old, or
    of somebody who may not come in any more: which of these, nobody is told."""
    row = None if len(secret) > LONGEST else _find(session, digest_of(secret))
    if row is None:
        raise NotFoundError(
            "This link does not let in: it was used, has expired, or is incomplete.",
            hint="Ask whoever sent it for another. On the machine itself, `patchclamp login-link` "
            "prints one.",
        )
    return row


def use_link(session: Session, *, secret: str) -> LinkView:
    """The same, and nobody can use it again, also of two who do at once."""
    link = find_link(session, secret=secret)
    used = session.execute(
        update(LinkTable)
        .where(LinkTable.id == link.id, LinkTable.used_at.is_(None))
        .values(used_at=datetime.now(UTC))
        .returning(LinkTable.id)
    )
    if used.first() is None:
        return find_link(session, secret="")
    return link


def list_invites(session: Session) -> list[LinkView]:
    """Those that can still be used, newest first."""
    rows = session.execute(_LINKS.where(LinkTable.kind == "invite", *_open()))
    views = [_view(row) for row in rows]
    return sorted(views, key=lambda link: -link.id)


def withdraw_link(session: Session, *, link_id: int) -> None:
    """Raises NotFoundError."""
    done = session.execute(
        update(LinkTable)
        .where(LinkTable.id == link_id, LinkTable.revoked_at.is_(None), LinkTable.used_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
        .returning(LinkTable.id)
    )
    if done.first() is None:
        raise NotFoundError("There is no such invite.", hint="It may have been used meanwhile.")


def _checked(note: str) -> str:
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise BadRequestError(
            "The note is too long, or has characters that do not print.",
            hint=f"Take {LONGEST_NOTE} characters at most.",
        )
    return note


_LINKS = (
    select(LinkTable, AccountTable.name.label("account"), ModelTable.name.label("model"))
    .outerjoin(AccountTable, AccountTable.id == LinkTable.account_id)
    .outerjoin(ModelTable, ModelTable.id == LinkTable.model_id)
)


def _find(session: Session, digest: str) -> LinkView | None:
    row = session.execute(
        _LINKS.where(LinkTable.digest == digest, AccountTable.disabled_at.is_(None), *_open())
    ).one_or_none()
    return None if row is None else _view(row)


def _open() -> tuple[ColumnElement[bool], ...]:
    return (
        LinkTable.used_at.is_(None),
        LinkTable.revoked_at.is_(None),
        LinkTable.expires_at > datetime.now(UTC),
    )


def _view(row: Row[LinkTable, str, str]) -> LinkView:
    link, account, model = row
    return LinkView(
        id=link.id,
        kind=link.kind,
        account=account,
        role=link.role,
        model=model,
        note=link.note,
        actor=link.actor,
        created_at=link.created_at,
        expires_at=link.expires_at,
    )
