"""What programs show instead of a password: made, recognised, listed, revoked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.accounts.members import roles_of
from app.store.accounts.secret import LONGEST, digest_of, new_secret
from app.store.audit.noting import note
from app.store.fetching import fetch
from app.store.tables import AccountTable, TokenTable
from app.store.views.account import Person, TokenView

PREFIX: Final = "pc_"
"""By which people and scanners of secrets tell what it is."""
USED_EVERY: Final = timedelta(minutes=1)
MOST: Final = 100
"""Of one account, that can still be used."""
LONGEST_NAME: Final = 100


OWNER: Final = (
    select(
        AccountTable.id, AccountTable.name, AccountTable.full_name, AccountTable.is_administrator,
        TokenTable.id.label("token_id"), TokenTable.name.label("token"), TokenTable.scopes,
        TokenTable.used_at,
    )
    .join(AccountTable, AccountTable.id == TokenTable.account_id)
    .where(
        TokenTable.digest == bindparam("digest"),
        TokenTable.revoked_at.is_(None),
        or_(TokenTable.expires_at.is_(None), TokenTable.expires_at > bindparam("now")),
        AccountTable.disabled_at.is_(None),
    )
)  # fmt: skip


def create_token(
    session: Session,
    *,
    account_id: int,
    name: str,
    scopes: Sequence[str],
    lasts: timedelta | None,
) -> str:
    """The token, which is never told again. `scopes`: rights that it has of its account's.
    Raises BadRequestError where it has no name, or the account has too many."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadRequestError(
            "A token needs a name.", hint=f"Say what it is for, in {LONGEST_NAME} characters."
        )
    if len(list_tokens(session, account_id=account_id)) >= MOST:
        raise BadRequestError(
            f"This account has {MOST} tokens.", hint="Revoke one that is not used any more."
        )
    secret, now = new_secret(PREFIX), datetime.now(UTC)
    session.add(
        TokenTable(
            account_id=account_id,
            name=name,
            digest=digest_of(secret),
            ending=secret[-4:],
            scopes=sorted(set(scopes)),
            created_at=now,
            expires_at=None if lasts is None else now + lasts,
        )
    )
    session.flush()
    owner = session.get_one(AccountTable, account_id).name
    note(
        session, action="token.created", subject=f"token {name} of {owner}",
        after={"ending": secret[-4:], "scopes": sorted(set(scopes)),
               "expires_at": None if lasts is None else now + lasts},
    )  # fmt: skip
    return secret


def person_of_token(session: Session, *, secret: str) -> tuple[Person, bool] | None:
    """Whose token it is, and whether it is time to note its use; None where it is forged, revoked,
    too old, or its account is disabled."""
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
        token_id=row.token_id,
        token=row.token,
        scopes=list(row.scopes),
    )
    return person, row.used_at is None or now - row.used_at >= USED_EVERY


def note_used(session: Session, *, token_id: int) -> None:
    session.execute(
        update(TokenTable).where(TokenTable.id == token_id).values(used_at=datetime.now(UTC))
    )


def list_tokens(session: Session, *, account_id: int) -> list[TokenView]:
    """Those that can still be used, newest first."""
    now = datetime.now(UTC)
    rows = session.scalars(
        select(TokenTable)
        .where(
            TokenTable.account_id == account_id,
            TokenTable.revoked_at.is_(None),
            or_(TokenTable.expires_at.is_(None), TokenTable.expires_at > now),
        )
        .order_by(TokenTable.id.desc())
    )
    return [TokenView.model_validate(row, from_attributes=True, extra="ignore") for row in rows]


def revoke_token(session: Session, *, account_id: int, token_id: int) -> None:
    """Raises NotFoundError where the account has no such token."""
    done = session.execute(
        update(TokenTable)
        .where(
            TokenTable.id == token_id,
            TokenTable.account_id == account_id,
            TokenTable.revoked_at.is_(None),
        )
        .values(revoked_at=datetime.now(UTC))
        .returning(TokenTable.name)
    )
    name = done.scalar_one_or_none()
    if name is None:
        raise NotFoundError("There is no such token.", hint="It may have been revoked already.")
    owner = session.get_one(AccountTable, account_id).name
    note(session, action="token.revoked", subject=f"token {name} of {owner}")
