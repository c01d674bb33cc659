"""Whom a text names: `@ada`. Only people who see the model are found, so that nobody can learn from
what becomes of a name who else has an account."""

import re
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.store.tables import AccountTable, MembershipTable
from app.store.views.comment import MOST_MENTIONS

MENTION: Final = re.compile(
    r"(?<![\w@./-])@([a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?)(?![\w@])", re.IGNORECASE
)
"""As names of accounts are made; a full stop behind one is not of it."""


def mentioned(session: Session, text: str, *, model_id: int) -> list[str]:
    """Names of those who are mentioned and see the model, in the order of the text."""
    named = list(dict.fromkeys(found[1].lower() for found in MENTION.finditer(text)))
    if not named:
        return []
    seeing = seeing_among(session, named, model_id=model_id)
    return [name for name in named if name in seeing][:MOST_MENTIONS]


def seeing_among(session: Session, names: list[str], *, model_id: int) -> frozenset[str]:
    """Of these accounts, those that may come in and see the model."""
    seen = (
        select(MembershipTable.account_id)
        .where(or_(MembershipTable.model_id.is_(None), MembershipTable.model_id == model_id))
        .scalar_subquery()
    )
    found = session.scalars(
        select(AccountTable.name).where(
            AccountTable.name.in_(names),
            AccountTable.disabled_at.is_(None),
            or_(AccountTable.is_administrator, AccountTable.id.in_(seen)),
        )
    )
    return frozenset(found)
