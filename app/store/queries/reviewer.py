"""Who may settle disagreements: they could see what others said before they judged."""

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.store.tables import AccountTable, MembershipTable, ModelTable
from app.store.views.account import LOCAL_OWNER

REVIEWING: Final = ("reviewer", "admin", "owner")
"""Roles with the right to review (`app.auth.rights.RIGHTS`; a test holds them together)."""


def reviewers_among(session: Session, *, model: str) -> frozenset[str]:
    """Names of accounts that may review this model now; of its local owner, where nobody has an
    account."""
    own, everywhere = aliased(MembershipTable), aliased(MembershipTable)
    of_model = select(ModelTable.id).where(ModelTable.name == model).scalar_subquery()
    role = func.coalesce(own.role, everywhere.role)
    query = (
        select(AccountTable.name)
        .outerjoin(own, (own.account_id == AccountTable.id) & (own.model_id == of_model))
        .outerjoin(
            everywhere,
            (everywhere.account_id == AccountTable.id) & everywhere.model_id.is_(None),
        )
        .where(AccountTable.is_administrator | role.in_(REVIEWING))
    )
    return frozenset({*session.scalars(query), LOCAL_OWNER})
