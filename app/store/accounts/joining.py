"""Somebody who was invited becomes an account."""

from sqlalchemy.orm import Session

from app.store.accounts.members import set_role
from app.store.accounts.people import create_account
from app.store.views.account import LinkView


def join(session: Session, *, invite: LinkView, name: str, full_name: str, password: str) -> int:
    """The id of a new account with the role that the invite gives; `password` is hashed already.
    Raises BadRequestError where the name is none, ConflictError where it is taken."""
    account_id = create_account(session, name=name, full_name=full_name, password=password)
    if invite.role is not None:
        set_role(session, name=name, model=invite.model, role=invite.role)
    return account_id
