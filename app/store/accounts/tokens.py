"""What programs show instead of a password: made, recognised, listed, revoked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.accounts.members import roles_of
from app.store.accounts.secret import LONGEST, digest_of, new_secret
from app.store.tables import AccountTable, TokenTable
from app.store.views.account import Person, TokenView

PREFIX: Final = "pc_"
"""By which people and scanners of secrets tell what it is."""
USED_EVERY: Final = timedelta(minutes=1)
MOST: Final = 100
"""Of one account, that can still be used."""
LONGEST_NAME: Final = 100


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
    return secret


def person_of_token(session: Session, *, secret: str) -> tuple[Person, bool] | None:
    """Whose token it is, and whether it is time to note its use; None where it is forged, revoked,
    too old, or its account is disabled."""
    if len(secret) > LONGEST:
        return None
    now = datetime.now(UTC)
    row = session.execute(
        select(TokenTable, AccountTable)
        .join(AccountTable, AccountTable.id == TokenTable.account_id)
        .where(
            TokenTable.digest == digest_of(secret),
            TokenTable.revoked_at.is_(None),
            or_(TokenTable.expires_at.is_(None), TokenTable.expires_at > now),
            AccountTable.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    token, account = row
    person = Person(
        account_id=account.id,
        name=account.name,
        full_name=account.full_name,
        is_administrator=account.is_administrator,
        roles=roles_of(session, account_id=account.id),
        token_id=token.id,
        token=token.name,
        scopes=list(token.scopes),
    )
    return person, token.used_at is None or now - token.used_at >= USED_EVERY


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
        .returning(TokenTable.id)
    )
    if done.first() is None:
        raise NotFoundError("There is no such token.", hint="It may have been revoked already.")
