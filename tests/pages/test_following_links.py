"""Links that let in once: as an account, to a new one, to a new password."""

import re

import pytest
import structlog
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.accounts.links import list_invites, withdraw_link
from app.store.accounts.people import disable, local_owner
from app.store.engine import open_session
from tests.pages.team import (
    ADDRESS,
    EVIL,
    PASSWORD,
    add,
    browser,
    closed_app,
    link,
    login,
    whoever,
)

NEW = "some other four words"
DEAD = "This link does not let in"


@pytest.fixture
def app(tmp_path) -> FastAPI:
    app = closed_app(tmp_path)
    app.state.ada = add(app, "ada", role="annotator")
    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return browser(app)


def test_a_link_signs_in_once(app: FastAPI, client: TestClient) -> None:
    path = link(app, "login", account_id=app.state.ada)
    answer = client.post(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert whoever(client) == "ada"
    again = browser(app)
    assert again.post(path).status_code == 404
    assert whoever(again) is None


def test_looking_at_a_link_uses_nothing_up(app: FastAPI, client: TestClient) -> None:
    path = link(app, "login", account_id=app.state.ada)
    for _ in range(3):
        page = client.get(path)
        assert "Sign in as ada" in page.text
        assert "set-cookie" not in page.headers
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
    assert client.head(path).status_code in (200, 405)
    assert client.post(path).status_code == 303


def test_the_local_owner_comes_in_by_a_link(app: FastAPI, client: TestClient) -> None:
    with open_session(app.state.engine, commit=True) as session:
        owner = local_owner(session)
    client.post(link(app, "login", account_id=owner))
    assert whoever(client) == "local owner"
    assert client.get("/people").status_code == 200


def test_following_a_link_ends_the_login_that_the_browser_had(app: FastAPI) -> None:
    client = browser(app, add(app, "bea"))
    before = dict(client.cookies)
    path = link(app, "login", account_id=app.state.ada)
    assert "ends that you are signed in as bea" in client.get(path).text
    client.post(path)
    assert whoever(client) == "ada"
    replayed = browser(app)
    replayed.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in before.items())
    assert whoever(replayed) is None


def invited(client: TestClient, path: str, **fields: str):
    return client.post(path, data={"name": "bea", "full_name": "", "password": NEW, **fields})


def test_an_invite_makes_an_account_with_its_role(app: FastAPI, client: TestClient) -> None:
    path = link(app, "invite", role="reviewer")
    page = client.get(path).text
    assert "ada invites you" in page
    assert "reviewer" in page
    assert 'autocomplete="new-password"' in page
    assert invited(client, path, full_name="  Bea   B. ").status_code == 303
    known = client.get("/api/v1/account").json()
    assert (known["name"], known["full_name"]) == ("bea", "Bea B.")
    assert known["roles"] == [{"model": None, "role": "reviewer"}]
    assert not known["is_administrator"]
    assert login(browser(app), "bea", NEW).status_code == 303


def test_nobody_gives_themselves_more_than_the_invite_does(
    app: FastAPI, client: TestClient
) -> None:
    path = link(app, "invite", role="viewer")
    invited(client, path, role="owner", is_administrator="true", model="", account_id="1")
    known = client.get("/api/v1/account").json()
    assert known["roles"] == [{"model": None, "role": "viewer"}]
    assert not known["is_administrator"]


def test_an_invite_holds_for_one(app: FastAPI, client: TestClient) -> None:
    path = link(app, "invite", role="viewer")
    invited(client, path)
    again = invited(browser(app), path, name="eve")
    assert again.status_code == 404
    assert DEAD in again.text


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "ada", "There is an account &#39;ada&#39; already."),
        ("name", "local owner", "cannot be the name"),
        ("name", "Bea", "cannot be the name"),
        ("name", "", "cannot be the name"),
        ("name", "bea\u202e", "cannot be the name"),
        ("password", "short", "fewer than 12"),
        ("password", "x" * 1001, "more than 1000"),
        ("full_name", "x" * 201, "too long"),
        ("full_name", "Bea \u202ekcart", "do not print"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_invite_stays(
    app: FastAPI, client: TestClient, field: str, value: str, told: str
) -> None:
    path = link(app, "invite", role="viewer")
    fields = {"name": "bea", "full_name": "Bea B."} | {field: value}
    answer = invited(client, path, **fields)
    assert answer.status_code in (409, 422)
    beside = re.search(rf'<p id="{field}-told" class="fault">(.*?)</p>', answer.text, re.DOTALL)
    assert beside is not None
    assert told in beside[1]
    if field != "full_name":
        assert 'value="Bea B."' in answer.text
    assert NEW not in answer.text
    assert "set-cookie" not in answer.headers
    assert invited(client, path).status_code == 303


def test_a_reset_sets_a_new_password_and_ends_every_login(app: FastAPI, client: TestClient) -> None:
    thief = browser(app, app.state.ada)
    path = link(app, "reset", account_id=app.state.ada)
    assert "A new password for ada" in client.get(path).text
    assert client.post(path, data={"password": NEW}).status_code == 303
    assert whoever(client) == "ada"
    assert whoever(thief) is None
    assert login(browser(app), "ada", NEW).status_code == 303
    assert login(browser(app), "ada", PASSWORD).status_code == 422


def test_a_reset_with_a_short_password_changes_nothing(app: FastAPI, client: TestClient) -> None:
    path = link(app, "reset", account_id=app.state.ada)
    answer = client.post(path, data={"password": "short"})
    assert answer.status_code == 422
    assert "fewer than 12" in answer.text
    assert login(browser(app), "ada").status_code == 303


def gone(app: FastAPI, how: str) -> str:
    """The path of a link that lets in no more."""
    if how == "expired":
        return link(app, "login", account_id=app.state.ada, hours=-0.001)
    if how == "guessed":
        return "/login/" + "A" * 43
    if how == "withdrawn":
        path = link(app, "invite", role="viewer")
        with open_session(app.state.engine, commit=True) as session:
            withdraw_link(session, link_id=list_invites(session)[0].id)
        return path
    path = link(app, "login", account_id=app.state.ada)
    if how == "used":
        browser(app).post(path)
    else:
        add(app, "grace", is_administrator=True)
        with open_session(app.state.engine, commit=True) as session:
            disable(session, name="ada")
    return path


@pytest.mark.parametrize("how", ["expired", "guessed", "withdrawn", "used", "disabled"])
def test_a_link_that_lets_in_no_more_does_not_say_why(
    app: FastAPI, client: TestClient, how: str
) -> None:
    path = gone(app, how)
    for answer in (client.get(path), invited(client, path)):
        assert answer.status_code == 404
        assert DEAD in answer.text
        assert not re.search(r"\bada\b", answer.text)
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"


def test_whoever_guesses_links_is_slowed_down(client: TestClient) -> None:
    statuses = [client.get(f"/login/{n:043d}").status_code for n in range(61)]
    assert statuses == [404] * 60 + [429]


@pytest.mark.parametrize(
    "secret", ["%00", "..%2f..", "a" * 201, "%F0%9F%98%80", "<script>", "%0d%0a"]
)
def test_nonsense_in_place_of_a_secret_is_refused(client: TestClient, secret: str) -> None:
    assert client.get(f"/login/{secret}").status_code in (404, 422)


def test_names_and_notes_that_are_scripts_stay_text(app: FastAPI) -> None:
    grace = browser(app, add(app, "grace", is_administrator=True, full_name=EVIL))
    link(app, "invite", role="viewer", note=EVIL)
    bea = browser(app)
    invited(bea, link(app, "invite", role="viewer"), full_name=EVIL)
    bea.post("/account/tokens", data={"name": EVIL, "scopes": "see", "days": "7"})
    for client, path in (
        (grace, "/people"), (grace, "/people/bea"), (grace, "/account"), (bea, "/account"),
    ):  # fmt: skip
        page = client.get(path)
        assert page.status_code == 200
        assert "&lt;script&gt;alert" in page.text
        assert "<script>alert" not in page.text
        assert "<img" not in page.text


@pytest.mark.parametrize(
    "way", ["/login/{}", "//login/{}", "/LOGIN/{}", "/login/{}/more", "/login//{}"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_no_secret_of_a_link_is_in_the_log(tmp_path, capsys, way: str, method: str) -> None:
    app = create_app(Settings(data=tmp_path, log_level="debug"))
    client = TestClient(app, base_url=ADDRESS, raise_server_exceptions=False)
    client.request(method, ADDRESS + way.format("geheim-geheim"))  # no store yet: that is told too
    written = capsys.readouterr().err
    structlog.reset_defaults()
    assert "status=" in written
    assert "geheim" not in written
