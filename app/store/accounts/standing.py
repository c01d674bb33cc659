"""Whether those who watch may still do so: asked for all of them at once."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.store.tables import AccountTable, LoginTable, MembershipTable, ModelTable, TokenTable
from app.store.views.account import Person, Role

Shown = tuple[int | None, int | None]
"""Ids of the login and of the token that somebody came in with."""


def still_in(session: Session, people: Collection[Person]) -> dict[Shown, Person]:
    """Those whose login or token lets in, with the roles that they have now; a few queries for
    however many they are."""
    now = datetime.now(UTC)
    logins = (
        select(LoginTable.id, AccountTable.id, AccountTable.is_administrator)
        .join(AccountTable, AccountTable.id == LoginTable.account_id)
        .where(
            LoginTable.id.in_({person.login_id for person in people if person.login_id}),
            LoginTable.revoked_at.is_(None),
            LoginTable.expires_at > now,
            AccountTable.disabled_at.is_(None),
        )
    )
    tokens = (
        select(TokenTable.id, AccountTable.id, AccountTable.is_administrator)
        .join(AccountTable, AccountTable.id == TokenTable.account_id)
        .where(
            TokenTable.id.in_({person.token_id for person in people if person.token_id}),
            TokenTable.revoked_at.is_(None),
            or_(TokenTable.expires_at.is_(None), TokenTable.expires_at > now),
            AccountTable.disabled_at.is_(None),
        )
    )
    found: dict[Shown, tuple[int, bool]] = {}
    for number, account_id, is_administrator in session.execute(logins):
        found[number, None] = (account_id, is_administrator)
    for number, account_id, is_administrator in session.execute(tokens):
        found[None, number] = (account_id, is_administrator)
    roles = _roles(session, {account_id for account_id, _ in found.values()})
    return {
        shown: person.model_copy(
            update={"is_administrator": found[shown][1], "roles": roles[found[shown][0]]}
        )
        for person in people
        if (shown := shown_by(person)) in found
    }


def shown_by(person: Person) -> Shown:
    return (person.login_id, person.token_id)


def _roles(session: Session, accounts: Collection[int]) -> dict[int, dict[str | None, Role]]:
    """By account and name of model, or None for every model."""
    found: dict[int, dict[str | None, Role]] = {account_id: {} for account_id in accounts}
    rows = session.execute(
        select(MembershipTable.account_id, ModelTable.name, MembershipTable.role)
        .outerjoin(ModelTable, ModelTable.id == MembershipTable.model_id)
        .where(MembershipTable.account_id.in_(accounts))
    )
    for row in rows:
        found[row.account_id][row.name] = row.role
    return found
