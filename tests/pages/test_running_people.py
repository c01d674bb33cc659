"""`/people`: administrators say who comes in and who may do what."""

import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.accounts.people import get_account, local_owner
from app.store.accounts.tokens import create_token
from app.store.engine import open_session
from app.store.views.account import AccountView
from tests.kept import migrate
from tests.pages.team import (
    ADDRESS,
    PAGE,
    PASSWORD,
    add,
    browser,
    closed_app,
    login,
    shown_once,
    whoever,
)

NEW = "some other four words"
FIRST = {"name": "ada", "full_name": "Ada L.", "password": PASSWORD}


@pytest.fixture
def app(tmp_path) -> FastAPI:
    app = closed_app(tmp_path)
    app.state.grace = add(app, "grace", is_administrator=True)
    app.state.bea = add(app, "bea", role="viewer")
    return app


@pytest.fixture
def grace(app: FastAPI) -> TestClient:
    return browser(app, app.state.grace)


def account(app: FastAPI, name: str = "bea") -> AccountView:
    with open_session(app.state.engine) as session:
        return get_account(session, name=name)


def roles(app: FastAPI, name: str = "bea") -> dict[str | None, str]:
    return {one.model: one.role for one in account(app, name).memberships}


def path_of(page: str) -> str:
    """Of the one link that is shown."""
    (address,) = shown_once(page)
    assert address.startswith(f"{ADDRESS}/login/")
    return address.removeprefix(ADDRESS)


def test_accounts_are_listed_with_what_they_may(grace: TestClient) -> None:
    page = grace.get("/people").text
    assert 'href="/people/bea"' in page
    assert "viewer of every model" in page
    assert "everything" in page


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/people"),
        ("GET", "/people/grace"),
        ("GET", "/people/nobody"),
        ("POST", "/people/first"),
        ("POST", "/people/invites"),
        ("POST", "/people/invites/1/withdraw"),
        ("POST", "/people/bea/role"),
        ("POST", "/people/bea/administrator"),
        ("POST", "/people/grace/enabled"),
        ("POST", "/people/grace/reset"),
    ],
)
def test_nobody_else_may_look_or_act(app: FastAPI, method: str, path: str) -> None:
    """Owners of all models neither, nor tokens of administrators."""
    add(app, "own", role="owner")
    with open_session(app.state.engine, commit=True) as session:
        secret = create_token(
            session, account_id=app.state.grace, name="t", scopes=["manage", "see"], lasts=None
        )
    program = browser(app)
    program.headers["authorization"] = f"Bearer {secret}"
    data = {"role": "owner", "on": "true", **FIRST}
    with open_session(app.state.engine) as session:
        own = browser(app, get_account(session, name="own").id)
    for client in (browser(app, app.state.bea), own, program):
        answer = client.request(method, path, data=data if method == "POST" else None)
        assert answer.status_code == 403
    assert not account(app).is_administrator
    assert roles(app) == {None: "viewer"}


def test_an_invite_is_shown_once_and_lets_in(app: FastAPI, grace: TestClient) -> None:
    made = grace.post(
        "/people/invites",
        data={"role": "annotator", "model": "synthetic", "days": "7", "note": "Cy, 2nd floor"},
    )
    assert made.headers["cache-control"] == "no-store"
    path = path_of(made.text)
    listed = grace.get("/people").text
    assert "Cy, 2nd floor" in listed
    assert path not in listed
    cy = browser(app)
    assert cy.post(path, data={"name": "cy", "password": NEW}).status_code == 303
    assert roles(app, "cy") == {"synthetic": "annotator"}
    assert "Cy, 2nd floor" not in grace.get("/people").text


def test_an_invite_can_be_withdrawn(app: FastAPI, grace: TestClient) -> None:
    made = grace.post("/people/invites", data={"role": "viewer", "days": "1"}).text
    withdraw = re.search(r'action="(/people/invites/\d+/withdraw)"', made)
    assert withdraw is not None
    assert grace.post(withdraw[1]).status_code == 303
    answer = browser(app).post(path_of(made), data={"name": "cy", "password": NEW})
    assert answer.status_code == 404
    assert grace.post(withdraw[1]).status_code == 404


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"role": "emperor"}, 422),
        ({"days": "100000"}, 422),
        ({"model": "nothing"}, 404),
        ({"note": "x" * 201}, 422),
    ],
)
def test_an_invite_that_cannot_be_is_not_made(
    grace: TestClient, fields: dict[str, str], status: int
) -> None:
    answer = grace.post("/people/invites", data={"role": "viewer", "days": "7"} | fields)
    assert answer.status_code == status
    assert shown_once(answer.text) == []
    assert "None is open" in grace.get("/people").text


def test_a_role_is_given_and_taken_by_model(app: FastAPI, grace: TestClient) -> None:
    give = {"role": "reviewer", "model": "synthetic"}
    answer = grace.post("/people/bea/role", data=give)
    assert (answer.status_code, answer.headers["location"]) == (303, "/people/bea")
    assert roles(app) == {None: "viewer", "synthetic": "reviewer"}
    grace.post("/people/bea/role", data={"role": "none", "model": ""})
    assert roles(app) == {"synthetic": "reviewer"}
    page = grace.get("/people/bea").text
    assert "reviewer of synthetic" in page


def test_a_role_counts_at_once_for_whoever_is_signed_in(app: FastAPI, grace: TestClient) -> None:
    bea = browser(app, app.state.bea)
    grace.post("/people/bea/role", data={"role": "reviewer"})
    assert bea.get("/api/v1/account").json()["roles"] == [{"model": None, "role": "reviewer"}]


def test_an_administrator_is_made_and_unmade(app: FastAPI, grace: TestClient) -> None:
    grace.post("/people/bea/administrator", data={"on": "true"})
    assert account(app).is_administrator
    assert browser(app, app.state.bea).get("/people").status_code == 200
    grace.post("/people/bea/administrator", data={"on": "false"})
    assert not account(app).is_administrator


@pytest.mark.parametrize("switch", ["administrator", "enabled"])
def test_the_last_administrator_is_not_locked_out(
    app: FastAPI, grace: TestClient, switch: str
) -> None:
    with open_session(app.state.engine, commit=True) as session:
        local_owner(session)  # who comes in on the machine alone, and does not count
    answer = grace.post(f"/people/grace/{switch}", data={"on": "false"})
    assert answer.status_code == 409
    assert "only administrator" in answer.text
    assert account(app, "grace").is_administrator
    assert grace.get("/people").status_code == 200


def test_a_disabled_administrator_is_not_one_who_is_left(grace: TestClient) -> None:
    grace.post("/people/bea/administrator", data={"on": "true"})
    grace.post("/people/bea/enabled", data={"on": "false"})
    assert grace.post("/people/grace/enabled", data={"on": "false"}).status_code == 409
    assert grace.post("/people/grace/administrator", data={"on": "false"}).status_code == 409


def test_whoever_is_disabled_is_out_at_once_and_signs_in_anew_later(
    app: FastAPI, grace: TestClient
) -> None:
    bea = browser(app, app.state.bea)
    assert grace.post("/people/bea/enabled", data={"on": "false"}).status_code == 303
    assert whoever(bea) is None
    assert login(browser(app), "bea").status_code == 422
    assert "disabled" in grace.get("/people/bea").text
    grace.post("/people/bea/enabled", data={"on": "true"})
    assert whoever(bea) is None
    assert login(browser(app), "bea").status_code == 303


def test_a_reset_link_is_shown_once_and_sets_a_password(app: FastAPI, grace: TestClient) -> None:
    made = grace.post("/people/bea/reset")
    path = path_of(made.text)
    assert path not in grace.get("/people/bea").text
    bea = browser(app)
    bea.post(path, data={"password": NEW})
    assert whoever(bea) == "bea"
    assert login(browser(app), "bea", NEW).status_code == 303


@pytest.mark.parametrize("name", ["nobody", "local owner", "Bea", "..", "%00", "a" * 100])
def test_nobody_is_made_of_an_address(app: FastAPI, grace: TestClient, name: str) -> None:
    with open_session(app.state.engine, commit=True) as session:
        local_owner(session)
    for path in ("reset", "enabled", "administrator"):
        answer = grace.post(f"/people/{name}/{path}", data={"on": "false"})
        assert answer.status_code in (404, 405, 422)


def alone(tmp_path) -> FastAPI:
    app = create_app(Settings(data=tmp_path, log_level="error"))
    migrate(app.state.engine)
    return app


def test_alone_it_says_that_the_first_account_closes_the_doors(tmp_path) -> None:
    page = browser(alone(tmp_path)).get("/people").text
    assert "The first account closes the doors" in page
    assert "patchclamp admin create" in page
    assert "/people/invites" not in page


def test_the_first_account_is_an_administrator_and_closes_the_doors(tmp_path) -> None:
    app = alone(tmp_path)
    client = browser(app)
    answer = client.post("/people/first", data=FIRST)
    assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    assert whoever(client) == "ada"
    assert client.get("/people").status_code == 200
    app.state.doors._asked_at = float("-inf")  # a second later
    stranger = browser(app).get("/people")
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/login?next=%2Fpeople")
    assert login(browser(app), "ada").status_code == 303


def test_what_is_wrong_of_the_first_account_leaves_the_doors_open(tmp_path) -> None:
    app = alone(tmp_path)
    client = browser(app)
    answer = client.post("/people/first", data=FIRST | {"password": "short"})
    assert answer.status_code == 422
    assert 'id="password-told" class="fault"' in answer.text
    assert 'value="Ada L."' in answer.text
    app.state.doors._asked_at = float("-inf")
    assert browser(app).get("/people").status_code == 200


def test_there_is_no_second_first_account(grace: TestClient) -> None:
    answer = grace.post("/people/first", data=FIRST)
    assert answer.status_code == 409
    assert whoever(grace) == "grace"
    assert grace.get("/people/ada", headers=PAGE).status_code == 404
