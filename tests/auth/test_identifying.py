"""Who stands behind a request: nobody has to say so while nobody has an account."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.auth.identifying import Doors
from app.main import create_app
from app.settings import Settings
from app.store.accounts.logins import begin_login, list_logins
from app.store.accounts.people import create_account, disable, local_owner
from app.store.accounts.tokens import create_token, list_tokens
from app.store.engine import open_session
from tests.kept import migrate

MODELS = "/api/v1/models"
URL = "http://localhost:8765"
COOKIE = "patchclamp-8765"


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    made = create_app(Settings(data=tmp_path, log_level="info"))
    migrate(made.state.engine)
    return made


def add(app: FastAPI, name: str = "ada") -> int:
    with open_session(app.state.engine, commit=True) as session:
        return create_account(session, name=name, is_administrator=True)


def login(app: FastAPI, account: int) -> str:
    with open_session(app.state.engine, commit=True) as session:
        return begin_login(session, account_id=account, device="Firefox", lasts=timedelta(days=1))


def token(app: FastAPI, account: int) -> str:
    with open_session(app.state.engine, commit=True) as session:
        return create_token(
            session, account_id=account, name="t", scopes=["see"], lasts=timedelta(days=1)
        )


def asked(app: FastAPI, path: str = MODELS, **headers: str) -> int:
    with TestClient(app, base_url=URL) as client:
        return client.get(path, headers=headers).status_code


def test_alone_nobody_has_to_sign_in(app: FastAPI) -> None:
    with open_session(app.state.engine, commit=True) as session:
        local_owner(session)
    assert asked(app) == 200
    assert asked(app, cookie=f"{COOKIE}=forged") == 200
    assert asked(app, **{"x-api-key": "anything"}) == 200, "clients of others send some key"


def test_from_the_first_account_on_everybody_signs_in(app: FastAPI) -> None:
    ada = add(app)
    assert asked(app) == 401
    assert asked(app, cookie=f"{COOKIE}={login(app, ada)}") == 200
    assert asked(app, authorization=f"Bearer {token(app, ada)}") == 200
    assert asked(app, **{"x-api-key": token(app, ada)}) == 200


def test_a_running_server_closes_its_doors_within_a_second(app: FastAPI) -> None:
    with TestClient(app, base_url=URL) as client:
        assert client.get(MODELS).status_code == 200
        add(app)
        until = time.monotonic() + 5
        while client.get(MODELS).status_code == 200:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert client.get(MODELS).status_code == 401


def test_doors_can_be_closed_before_anybody_has_an_account(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, login="always"))
    migrate(app.state.engine)
    assert asked(app) == 401
    with open_session(app.state.engine, commit=True) as session:
        owner = local_owner(session)
    assert asked(app, cookie=f"{COOKIE}={login(app, owner)}") == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/static/icon.svg"])
def test_what_says_nothing_of_anybody_is_open(app: FastAPI, path: str) -> None:
    add(app)
    assert asked(app, path) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": f"{COOKIE}=forged"},
        {"authorization": "Bearer pc_forged"},
        {"authorization": "Basic YWRhOng="},
        {"x-api-key": "anything"},
        {"cookie": f"{COOKIE}=" + "x" * 5000},
    ],
)
def test_what_is_forged_lets_nobody_in(app: FastAPI, headers: dict[str, str]) -> None:
    add(app)
    assert asked(app, **headers) == 401


def test_a_cookie_of_another_server_on_this_machine_lets_nobody_in(app: FastAPI) -> None:
    secret = login(app, add(app))
    assert asked(app, cookie=f"patchclamp-8766={secret}") == 401


def test_a_revoked_token_lets_nobody_in_though_a_cookie_would(app: FastAPI) -> None:
    """Whoever sends a token means it: what it may not do, it does not."""
    secret = login(app, add(app))
    headers = {"cookie": f"{COOKIE}={secret}", "authorization": "Bearer pc_revoked"}
    assert asked(app, **headers) == 401


def test_whoever_is_disabled_is_out_at_once(app: FastAPI) -> None:
    add(app)
    bo = add(app, "bo")
    secret = login(app, bo)
    with TestClient(app, base_url=URL, cookies={COOKIE: secret}) as client:
        assert client.get(MODELS).status_code == 200
        with open_session(app.state.engine, commit=True) as session:
            disable(session, name="bo")
        assert client.get(MODELS).status_code == 401


def test_use_is_noted(app: FastAPI) -> None:
    ada = add(app)
    secret = token(app, ada)
    assert asked(app, authorization=f"Bearer {secret}") == 200
    with open_session(app.state.engine) as session:
        assert list_tokens(session, account_id=ada)[0].used_at is not None
        assert list_logins(session, account_id=ada) == []


def test_no_secret_is_in_the_log(app: FastAPI, capsys: pytest.CaptureFixture[str]) -> None:
    ada = add(app)
    secrets = [token(app, ada), login(app, ada), "pc_forged-but-long-enough"]
    asked(app, "/nothing", authorization=f"Bearer {secrets[0]}")
    asked(app, "/nothing", cookie=f"{COOKIE}={secrets[1]}")
    asked(app, "/nothing", authorization=f"Bearer {secrets[2]}")
    said = "".join(capsys.readouterr())
    assert "/nothing" in said
    assert not [secret for secret in secrets if secret in said]


def test_the_store_is_asked_at_most_once_a_second_while_there_is_nobody(app: FastAPI) -> None:
    doors = Doors(app.state.engine, always=False)
    assert doors.were_closed is None
    assert not doors.are_closed()
    assert doors.were_closed is False
    add(app)
    assert doors.were_closed is False
    assert not doors.are_closed(), "not a second ago it was asked"
