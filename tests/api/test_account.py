"""Whose request it is, and the tokens of its account, over REST."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.store.accounts.tokens import create_token, list_tokens
from app.store.engine import open_session
from tests.pages.team import add, app_of_ada, browser

TOKENS = "/api/v1/account/tokens"


@pytest.fixture
def app(tmp_path) -> FastAPI:
    return app_of_ada(tmp_path)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A browser that is signed in."""
    return program(app, browser(app, app.state.ada))


def program(app: FastAPI, client: TestClient | None = None, **headers: str) -> TestClient:
    client = client or browser(app)
    client.headers.update({"accept": "application/json", **headers})
    return client


def token(app: FastAPI, *scopes: str) -> tuple[int, str]:
    """Its id and what it is."""
    with open_session(app.state.engine, commit=True) as session:
        secret = create_token(
            session, account_id=app.state.ada, name="notebook", scopes=scopes or ("see",),
            lasts=None,
        )  # fmt: skip
        return list_tokens(session, account_id=app.state.ada)[0].id, secret


def test_a_browser_is_told_who_it_is(client: TestClient) -> None:
    assert client.get("/api/v1/account").json() == {
        "name": "ada",
        "full_name": "Ada L.",
        "is_administrator": False,
        "roles": [{"model": None, "role": "annotator"}],
        "token": None,
        "scopes": None,
    }


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_a_token_is_told_its_name_and_what_it_is_limited_to(app: FastAPI, header: str) -> None:
    _, secret = token(app, "see", "run")
    shown = f"Bearer {secret}" if header == "authorization" else secret
    found = program(app, **{header: shown}).get("/api/v1/account").json()
    assert (found["name"], found["token"], found["scopes"]) == ("ada", "notebook", ["run", "see"])


def test_no_token_is_an_administrator(app: FastAPI) -> None:
    app.state.ada = add(app, "grace", is_administrator=True)
    _, secret = token(app, "see", "manage")
    found = program(app, authorization=f"Bearer {secret}").get("/api/v1/account").json()
    assert found["name"] == "grace"
    assert not found["is_administrator"]


def test_while_nobody_has_an_account_everybody_is_the_local_owner(empty: TestClient) -> None:
    found = empty.get("/api/v1/account").json()
    assert (found["name"], found["is_administrator"]) == ("local owner", True)
    assert empty.get(TOKENS).json() == []
    made = empty.post(TOKENS, json={"name": "t", "scopes": ["see"]})
    assert made.status_code == 409
    assert "/people" in made.json()["hint"]


def test_a_token_is_told_once(app: FastAPI, client: TestClient) -> None:
    made = client.post(TOKENS, json={"name": "Cluster", "scopes": ["see", "run"]})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    view = made.json()
    secret = view.pop("secret")
    assert secret.endswith(view["ending"])
    expires = datetime.fromisoformat(view["expires_at"]) - datetime.now(UTC)
    assert 89 <= expires.days <= 90
    assert client.get(TOKENS).json() == [view]
    assert program(app, authorization=f"Bearer {secret}").get("/api/v1/account").is_success


def test_a_token_may_last_until_it_is_revoked(client: TestClient) -> None:
    made = client.post(TOKENS, json={"name": "Cluster", "scopes": ["see"], "days": None})
    assert made.json()["expires_at"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []}, {"scopes": ["administrate"]}, {"name": ""}, {"name": "   "}, {"days": 0},
        {"days": 10**6}, {"account_id": 1}, {"name": "x" * 101}, {"name": "a\u202eb"},
    ],
)  # fmt: skip
def test_what_no_token_can_be_is_refused(client: TestClient, wrong: dict[str, object]) -> None:
    answer = client.post(TOKENS, json={"name": "t", "scopes": ["see"]} | wrong)
    assert answer.status_code == 422
    assert client.get(TOKENS).json() == []


def test_a_token_makes_no_other(app: FastAPI, client: TestClient) -> None:
    _, secret = token(app, "see", "manage")
    asking = program(app, authorization=f"Bearer {secret}")
    answer = asking.post(TOKENS, json={"name": "t", "scopes": ["see"]})
    assert answer.status_code == 403
    assert len(client.get(TOKENS).json()) == 1


def test_a_token_sees_and_revokes_itself_alone(app: FastAPI, client: TestClient) -> None:
    (first, _), (second, secret) = token(app), token(app)
    asking = program(app, authorization=f"Bearer {secret}")
    assert [view["id"] for view in asking.get(TOKENS).json()] == [second]
    assert asking.delete(f"{TOKENS}/{first}").status_code == 403
    assert asking.delete(f"{TOKENS}/{second}").json() == {"deleted": str(second)}
    assert asking.get(TOKENS).status_code == 401
    assert [view["id"] for view in client.get(TOKENS).json()] == [first]


def test_nobody_revokes_a_token_of_somebody_else(app: FastAPI, client: TestClient) -> None:
    token_id, _ = token(app)
    bea = program(app, browser(app, add(app, "bea")))
    theirs, missing = (bea.delete(f"{TOKENS}/{which}") for which in (token_id, 10**9))
    assert theirs.status_code == missing.status_code == 404
    assert theirs.json()["detail"] == missing.json()["detail"]
    assert len(client.get(TOKENS).json()) == 1
    assert bea.get(TOKENS).json() == []


def test_a_token_that_is_too_old_lets_nobody_in(app: FastAPI, client: TestClient) -> None:
    with open_session(app.state.engine, commit=True) as session:
        secret = create_token(
            session, account_id=app.state.ada, name="t", scopes=["see"], lasts=timedelta(seconds=-1)
        )
    asking = program(app, authorization=f"Bearer {secret}")
    assert asking.get("/api/v1/account").status_code == 401
    assert client.get(TOKENS).json() == []


def test_every_operation_says_how_one_comes_in(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    assert set(schemes) == {"bearer", "key", "login"}
    assert document["security"] == [{"bearer": []}, {"key": []}, {"login": []}, {}]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            is_open = operation.get("security") == []
            assert is_open == (path in ("/healthz", "/readyz")), path
            assert ("401" in operation["responses"]) != is_open, path


def test_another_site_makes_no_token(client: TestClient) -> None:
    answer = client.post(
        TOKENS,
        json={"name": "t", "scopes": ["see"]},
        headers={"origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert client.get(TOKENS).json() == []
