"""`/account`: what lets me in, and nobody else's business."""

import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.store.accounts.logins import list_logins
from app.store.accounts.people import local_owner
from app.store.accounts.tokens import create_token, list_tokens
from app.store.engine import open_session
from app.store.views.account import LoginView, TokenView
from tests.pages.team import (
    PAGE,
    PASSWORD,
    add,
    app_of_ada,
    browser,
    login,
    shown_once,
    whoever,
)

NEW = "some other four words"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def app(tmp_path) -> FastAPI:
    return app_of_ada(tmp_path)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return browser(app, app.state.ada, device=FIREFOX)


def tokens(app: FastAPI) -> list[TokenView]:
    with open_session(app.state.engine) as session:
        return list_tokens(session, account_id=app.state.ada)


def logins(app: FastAPI) -> list[LoginView]:
    with open_session(app.state.engine) as session:
        return list_logins(session, account_id=app.state.ada)


def token_of(app: FastAPI, *scopes: str) -> str:
    with open_session(app.state.engine, commit=True) as session:
        return create_token(
            session,
            account_id=app.state.ada,
            name="notebook",
            scopes=scopes or ("see",),
            lasts=None,
        )


def with_token(app: FastAPI, secret: str) -> TestClient:
    client = browser(app)
    client.headers["authorization"] = f"Bearer {secret}"
    return client


def test_it_says_who_one_is_and_what_one_may(client: TestClient) -> None:
    page = client.get("/account").text
    assert "Ada L." in page
    assert "annotator: read, ask loaded models, explain and judge" in page
    assert 'href="/people"' not in page


def test_a_new_password_needs_the_old_one(app: FastAPI, client: TestClient) -> None:
    answer = client.post("/account/password", data={"old": "wrong", "password": NEW})
    assert answer.status_code == 422
    assert 'id="old-told" class="fault"' in answer.text
    assert NEW not in answer.text
    assert login(browser(app), "ada", PASSWORD).status_code == 303


def test_a_new_password_ends_all_other_logins(app: FastAPI, client: TestClient) -> None:
    other = browser(app, app.state.ada)
    answer = client.post("/account/password", data={"old": PASSWORD, "password": NEW})
    assert answer.status_code == 303
    assert "It is changed" in client.get(answer.headers["location"]).text
    assert (whoever(client), whoever(other)) == ("ada", None)
    assert login(browser(app), "ada", NEW).status_code == 303


def test_a_new_password_is_not_short(client: TestClient) -> None:
    answer = client.post("/account/password", data={"old": PASSWORD, "password": "short"})
    assert answer.status_code == 422
    assert 'id="password-told" class="fault"' in answer.text


def test_whoever_finds_a_browser_open_cannot_try_passwords_for_long(client: TestClient) -> None:
    answers = [
        client.post("/account/password", data={"old": f"try {n}", "password": NEW})
        for n in range(11)
    ]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert "retry-after" in answers[-1].headers


def test_browsers_are_listed_and_this_one_is_marked(app: FastAPI, client: TestClient) -> None:
    browser(app, app.state.ada, device="curl/8.1")
    rows = re.findall(r'<td class="device".*?</tr>', client.get("/account").text, re.DOTALL)
    assert len(rows) == 2
    (this,) = (row for row in rows if "this one" in row)
    assert "Firefox on Linux" in this
    assert "<form" not in this


def test_one_browser_is_ended_and_others_stay(app: FastAPI, client: TestClient) -> None:
    first, second = browser(app, app.state.ada), browser(app, app.state.ada)
    newest = max(login.id for login in logins(app))
    assert client.post(f"/account/logins/{newest}/end").status_code == 303
    assert [whoever(each) for each in (client, first, second)] == ["ada", "ada", None]


def test_all_others_are_ended(app: FastAPI, client: TestClient) -> None:
    others = [browser(app, app.state.ada) for _ in range(2)]
    bea = browser(app, add(app, "bea"))
    client.post("/account/logins/end")
    assert [whoever(each) for each in (client, *others, bea)] == ["ada", None, None, "bea"]


def test_nobody_ends_what_is_somebody_elses(app: FastAPI, client: TestClient) -> None:
    token_of(app)
    bea = browser(app, add(app, "bea"))
    assert bea.post(f"/account/logins/{logins(app)[0].id}/end").status_code == 404
    assert bea.post(f"/account/tokens/{tokens(app)[0].id}/revoke").status_code == 404
    assert whoever(client) == "ada"
    assert len(tokens(app)) == 1


def make(client: TestClient, **fields: object):
    return client.post(
        "/account/tokens",
        data={"name": "notebook", "scopes": ["see", "run"], "days": "90", **fields},
    )


def test_a_token_is_shown_once_with_how_to_use_it(app: FastAPI, client: TestClient) -> None:
    answer = make(client)
    secret, command = shown_once(answer.text)
    assert secret.startswith("pc_")
    assert command == (
        f"curl -H 'Authorization: Bearer {secret}' http://localhost:8765/api/v1/account"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert whoever(with_token(app, secret)) == "ada"
    page = client.get("/account").text
    assert secret not in page
    assert secret[-4:] in page
    assert "run, see" in page


@pytest.mark.parametrize(("days", "lasts"), [("7", 7), ("90", 90), ("365", 365), ("never", None)])
def test_a_token_lasts_as_long_as_was_asked(
    app: FastAPI, client: TestClient, days: str, lasts: int | None
) -> None:
    make(client, days=days)
    (token,) = tokens(app)
    assert (token.expires_at is None) == (lasts is None)
    if token.expires_at is not None:
        assert (token.expires_at - token.created_at).days == lasts


def test_ninety_days_and_reading_are_what_is_offered(client: TestClient) -> None:
    page = client.get("/account").text
    assert '<option value="90" selected>' in page
    assert page.count("checked") == 1
    assert 'value="see" checked' in page


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "token-name"),
        ({"name": "x" * 101}, "token-name"),
        ({"scopes": []}, "scopes"),
        ({"days": "10000"}, "token-days"),
    ],
)
def test_what_is_wrong_of_a_token_stands_beside_it(
    app: FastAPI, client: TestClient, fields: dict[str, object], field: str
) -> None:
    answer = make(client, **fields)
    assert answer.status_code == 422
    assert f'id="{field}-told" class="fault"' in answer.text
    assert tokens(app) == []


def test_a_scope_that_there_is_not_is_refused(app: FastAPI, client: TestClient) -> None:
    assert make(client, scopes=["administrate"]).status_code == 422
    assert tokens(app) == []


def test_a_revoked_token_lets_nobody_in(app: FastAPI, client: TestClient) -> None:
    program = with_token(app, token_of(app))
    assert whoever(program) == "ada"
    client.post(f"/account/tokens/{tokens(app)[0].id}/revoke")
    assert program.get("/api/v1/models", headers={"accept": "*/*"}).status_code == 401


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/account/tokens", {"name": "more", "scopes": "manage", "days": "never"}),
        ("/account/password", {"old": PASSWORD, "password": NEW}),
        ("/account/logins/end", {}),
        ("/account/logins/1/end", {}),
        ("/account/tokens/1/revoke", {}),
    ],
)
def test_a_token_changes_nothing_of_what_lets_its_account_in(
    app: FastAPI, client: TestClient, path: str, data: dict[str, str]
) -> None:
    program = with_token(app, token_of(app, "see", "manage"))
    assert program.post(path, data=data).status_code == 403
    assert whoever(client) == "ada"
    assert len(tokens(app)) == 1


def test_each_name_of_a_field_is_of_one(app: FastAPI, client: TestClient) -> None:
    grace = browser(app, add(app, "grace", is_administrator=True))
    for reader, path in ((client, "/account"), (grace, "/people"), (grace, "/people/ada")):
        ids = re.findall(r'\sid="([^"]+)"', reader.get(path).text)
        assert len(ids) == len(set(ids)), path


def test_the_local_owner_has_no_password_to_be_set(app: FastAPI) -> None:
    with open_session(app.state.engine, commit=True) as session:
        account_id = local_owner(session)
    owner = browser(app, account_id)
    assert "/account/password" not in owner.get("/account").text
    assert owner.post("/account/password", data={"password": NEW}).status_code == 409


def test_while_nobody_has_an_account_there_is_none_to_change(empty_pages: TestClient) -> None:
    assert "Nobody has an account here yet" in empty_pages.get("/account").text
    for path in ("/account/tokens", "/account/password", "/account/logins/end"):
        answer = empty_pages.post(path, data={"name": "x"}, headers=PAGE)
        assert answer.status_code == 409, path
