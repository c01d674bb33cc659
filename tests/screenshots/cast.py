"""Who is on the pictures: four people with accounts, made in the copy of the store."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import Engine

from app.auth.passwords import hashed
from app.auth.rights import Right
from app.store.accounts.logins import begin_login
from app.store.accounts.members import set_role
from app.store.accounts.people import create_account
from app.store.accounts.tokens import create_token
from app.store.engine import open_session
from app.store.views.account import Role

Person = Literal["ada", "grace", "barbara", "alan"]

FULL_NAMES: Final[Mapping[Person, str]] = {
    "ada": "Ada L.", "grace": "Grace H.", "barbara": "Barbara L.", "alan": "Alan T.",
}  # fmt: skip
ROLES: Final[Mapping[Person, Role]] = {
    "ada": "owner", "grace": "annotator", "barbara": "annotator", "alan": "annotator",
}  # fmt: skip


def enter(engine: Engine, model: str) -> tuple[dict[Person, str], dict[Person, str]]:
    """Makes the accounts; the secret of a token and of a login of each."""
    tokens: dict[Person, str] = {}
    logins: dict[Person, str] = {}
    password = hashed("four words that differ")
    for name, full_name in FULL_NAMES.items():
        with open_session(engine, commit=True) as session:
            number = create_account(
                session, name=name, full_name=full_name, password=password,
                is_administrator=name == "ada",
            )  # fmt: skip
            set_role(session, name=name, model=model, role=ROLES[name])
        with open_session(engine, commit=True) as session:
            tokens[name] = create_token(
                session, account_id=number, name="screenshots", scopes=[*Right], lasts=None
            )
            logins[name] = begin_login(
                session, account_id=number, device="Firefox on Linux", lasts=timedelta(days=1)
            )
    return tokens, logins
