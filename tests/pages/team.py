"""People with accounts, and browsers of theirs, before a server that nobody enters unnamed."""

import re
from datetime import timedelta
from functools import cache
from html import unescape
from pathlib import Path

from fastapi import FastAPI
from starlette.testclient import TestClient

from app.auth import passwords
from app.main import create_app
from app.settings import Settings
from app.store.accounts.links import create_link
from app.store.accounts.logins import begin_login
from app.store.accounts.members import set_role
from app.store.accounts.people import create_account
from app.store.engine import open_session
from app.store.views.account import LinkKind, Role
from tests.kept import synthetic_store

PASSWORD = "four words that differ"
ADDRESS = "http://localhost:8765"
COOKIE = "patchclamp-8765"
DAY = timedelta(days=1)
PAGE = {"accept": "text/html,application/xhtml+xml"}
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
FRAGMENT = {**PAGE, "hx-request": "true"}


@cache
def hashed(password: str) -> str:
    """Once, since it takes long on purpose."""
    return passwords.hashed(password)


def closed_app(data: Path) -> FastAPI:
    """With a small model `synthetic`; nobody has an account yet, and everybody must sign in."""
    synthetic_store(
        data, layers=1, neurons=8, heads=2, windows=24, window_length=16, exemplars_per_kind=2
    )
    return create_app(Settings(data=data, log_level="error", login="always"))


def app_of_ada(data: Path) -> FastAPI:
    """The same, with an annotator: `app.state.ada` is the id of her account."""
    app = closed_app(data)
    app.state.ada = add(app, "ada", role="annotator", full_name="Ada L.")
    return app


def add(
    app: FastAPI,
    name: str,
    *,
    role: Role | None = None,
    is_administrator: bool = False,
    full_name: str = "",
) -> int:
    """An account with the password that all have, and a role with every model."""
    with open_session(app.state.engine, commit=True) as session:
        account_id = create_account(
            session,
            name=name,
            full_name=full_name,
            password=hashed(PASSWORD),
            is_administrator=is_administrator,
        )
        if role is not None:
            set_role(session, name=name, model=None, role=role)
    return account_id


def browser(app: FastAPI, account_id: int | None = None, *, device: str = "test") -> TestClient:
    """A browser of its own, signed in where an account is given."""
    client = TestClient(app, base_url=ADDRESS, headers=PAGE, follow_redirects=False)
    if account_id is not None:
        with open_session(app.state.engine, commit=True) as session:
            secret = begin_login(
                session, account_id=account_id, device=device, lasts=timedelta(days=1)
            )
        carry(client, secret)
    return client


def carry(client: TestClient, secret: str) -> None:
    """As its cookie, in the place of the one that it has."""
    client.cookies.set(COOKIE, secret, domain="localhost.local")


def link(
    app: FastAPI,
    kind: LinkKind,
    *,
    account_id: int | None = None,
    role: Role | None = None,
    hours: float = 1,
    note: str = "",
) -> str:
    """The path of a new one."""
    with open_session(app.state.engine, commit=True) as session:
        secret = create_link(
            session, kind=kind, lasts=timedelta(hours=hours), actor="ada", account_id=account_id,
            role=role, note=note,
        )  # fmt: skip
    return f"/login/{secret}"


def whoever(client: TestClient) -> str | None:
    """As the server knows the browser."""
    answer = client.get("/api/v1/account")
    return answer.json()["name"] if answer.status_code == 200 else None


def shown_once(page: str) -> list[str]:
    """What is to be copied from it."""
    found = re.findall(r'<pre class="command secret"[^>]*>(.*?)</pre>', page, re.DOTALL)
    return [unescape(text) for text in found]


def login(client: TestClient, name: str, password: str = PASSWORD, **fields: str):
    return client.post("/login", data={"name": name, "password": password, **fields})
