"""A name and a password let in; whoever tries learns nothing else."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.auth import gate
from app.store.accounts.people import disable, set_password
from app.store.engine import open_session
from tests.pages.team import (
    ADDRESS,
    COOKIE,
    PASSWORD,
    add,
    browser,
    carry,
    closed_app,
    login,
    whoever,
)


@pytest.fixture
def app(tmp_path) -> FastAPI:
    app = closed_app(tmp_path)
    add(app, "ada", role="annotator")
    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return browser(app)


def test_a_name_and_its_password_let_in(client: TestClient) -> None:
    answer = login(client, "ada")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert whoever(client) == "ada"


def test_the_cookie_is_for_no_script_and_for_no_other_site(client: TestClient) -> None:
    cookie = login(client, "ada").headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_a_name_may_begin_with_a_capital(client: TestClient) -> None:
    assert login(client, " Ada ").status_code == 303


def refused_words(client: TestClient, name: str, password: str) -> str:
    answer = login(client, name, password)
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers
    return answer.text.replace(f'value="{name}"', 'value="NAME"')


def test_wrong_names_wrong_passwords_and_disabled_accounts_read_alike(
    app: FastAPI, client: TestClient
) -> None:
    add(app, "eve")
    with open_session(app.state.engine, commit=True) as session:
        disable(session, name="eve")
    wrong = "some other four words"
    words = {
        refused_words(client, name, password)
        for name, password in (("nobody", PASSWORD), ("ada", wrong), ("eve", PASSWORD))
    }
    assert len(words) == 1
    assert "do not belong together" in words.pop()


@pytest.mark.parametrize("name", ["ada", "nobody", "local owner", "\0", "a" * 200, "' OR 1=1 --"])
def test_every_try_is_compared_with_a_hash_so_that_it_takes_as_long(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tried: list[bool] = []

    def watched(password: str, known: str | None) -> bool:
        tried.append(known is not None)
        return gate_is_right(password, known)

    gate_is_right = gate.is_right
    monkeypatch.setattr(gate, "is_right", watched)
    assert login(client, name, "wrong").status_code == 422
    assert tried == [name == "ada"]


def test_an_account_without_a_password_is_not_let_in_by_an_empty_one(
    app: FastAPI, client: TestClient
) -> None:
    account_id = add(app, "fay")
    with open_session(app.state.engine, commit=True) as session:
        set_password(session, account_id=account_id, password=None)  # type: ignore[arg-type]
    assert login(client, "fay", "").status_code == 422


def test_what_was_typed_stays_but_the_password(client: TestClient) -> None:
    page = login(client, "ada", "my wrong password", next="/jobs").text
    assert 'value="ada"' in page
    assert 'name="next" value="/jobs"' in page
    assert "my wrong password" not in page


def test_one_comes_to_the_page_that_one_had_asked_for(client: TestClient) -> None:
    to = client.get("/m/synthetic?split=test").headers["location"]
    page = client.get(to)
    assert 'name="next" value="/m/synthetic?split=test"' in page.text
    answer = login(client, "ada", next="/m/synthetic?split=test")
    assert answer.headers["location"] == "/m/synthetic?split=test"


ELSEWHERE = ("//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: a=b")


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_nobody_is_led_elsewhere_after_signing_in(client: TestClient, elsewhere: str) -> None:
    answer = login(client, "ada", next=elsewhere)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "a=b" not in answer.headers["set-cookie"]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_the_form_and_its_links_lead_nowhere_else_either(app: FastAPI, elsewhere: str) -> None:
    for client in (browser(app), browser(app, add(app, "bea"))):
        page = client.get("/login", params={"next": elsewhere}).text
        assert "evil.example" not in page
        assert "javascript:" not in page


def test_a_cookie_that_somebody_planted_is_not_kept(app: FastAPI) -> None:
    planted = browser(app, add(app, "mallory")).cookies[COOKIE]
    client = browser(app)
    carry(client, planted)
    login(client, "ada")
    assert client.cookies[COOKIE] != planted
    assert whoever(client) == "ada"
    replayed = browser(app)
    carry(replayed, planted)
    assert whoever(replayed) is None


def test_each_signing_in_has_a_secret_of_its_own(app: FastAPI) -> None:
    first, second = browser(app), browser(app)
    login(first, "ada")
    login(second, "ada")
    assert first.cookies[COOKIE] != second.cookies[COOKIE]


@pytest.mark.parametrize("cookie", ["forged", "a" * 5000, "pc_x", "\"'", "../..", "%00"])
def test_a_forged_cookie_lets_nobody_in(client: TestClient, cookie: str) -> None:
    answer = client.get("/jobs", headers={"cookie": f"{COOKIE}={cookie}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fjobs")


def test_who_is_signed_in_already_is_told_so(app: FastAPI) -> None:
    page = browser(app, add(app, "bea")).get("/login").text
    assert "You are signed in as <strong>bea</strong>" in page
    assert 'type="password"' not in page


def test_a_flood_of_tries_is_slowed_down_whatever_is_tried(client: TestClient) -> None:
    statuses = [login(client, "nobody", "wrong").status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    late = login(client, "nobody", "wrong")
    assert int(late.headers["retry-after"]) > 0
    assert "too many tries" in late.text
    assert login(client, "ada").status_code == 303  # others are not kept out by it


def test_the_right_password_does_not_help_whoever_tried_too_often(client: TestClient) -> None:
    for _ in range(10):
        login(client, "ada", "wrong")
    assert login(client, "ada").status_code == 429


def test_an_address_that_tries_many_names_is_slowed_down(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "is_right", lambda password, known: False)  # noqa: ARG005
    statuses = [login(client, f"n{n}", "wrong").status_code for n in range(62)]
    assert statuses[:60] == [422] * 60
    assert statuses[60:] == [429] * 2


def test_more_passwords_than_there_are_places_for_are_not_hashed(
    app: FastAPI, client: TestClient
) -> None:
    places = app.state.passwords
    with places.taken(), places.taken():
        answer = login(client, "ada")
    assert answer.status_code == 429
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:9999"},
        {"origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/login/secret", "/logout", "/account/tokens"])
def test_no_other_site_signs_anybody_in_or_out(
    app: FastAPI, headers: dict[str, str], path: str
) -> None:
    client = browser(app, add(app, "bea"))
    answer = client.post(path, data={"name": "ada", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert whoever(client) == "bea"


def test_our_own_page_may(client: TestClient) -> None:
    headers = {"origin": ADDRESS, "sec-fetch-site": "same-origin"}
    data = {"name": "ada", "password": PASSWORD}
    assert client.post("/login", data=data, headers=headers).status_code == 303


def test_signing_out_ends_the_login_itself(client: TestClient) -> None:
    login(client, "ada")
    secret = client.cookies[COOKIE]
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert COOKIE not in client.cookies
    carry(client, secret)
    assert whoever(client) is None


def test_going_to_the_address_of_signing_out_does_nothing(client: TestClient) -> None:
    login(client, "ada")
    assert client.get("/logout").status_code == 405
    assert whoever(client) == "ada"


def test_each_page_tells_quietly_who_is_signed_in(app: FastAPI) -> None:
    page = browser(app, add(app, "bea", role="viewer")).get("/glossary").text
    assert 'href="/account"' in page
    assert ">bea</a>" in page
    assert 'action="/logout"' in page


def test_the_page_where_one_signs_in_asks_for_nothing_that_needs_it(client: TestClient) -> None:
    page = client.get("/login").text
    assert "hx-get" not in page
    assert 'href="/jobs"' not in page
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page


def test_nothing_of_signing_in_is_kept_by_browsers_or_between(client: TestClient) -> None:
    for answer in (client.get("/login"), login(client, "ada", "wrong"), login(client, "ada")):
        assert answer.headers["cache-control"] == "no-store"


def test_while_nobody_has_an_account_nobody_needs_to_sign_in(empty_pages: TestClient) -> None:
    assert "Nobody needs to sign in here" in empty_pages.get("/login").text
    page = empty_pages.get("/").text
    assert "/account" not in page
    assert "sign out" not in page
    assert 'action="/search"' in page


def test_over_https_no_other_host_can_plant_the_cookie(app: FastAPI) -> None:
    client = TestClient(app, base_url=ADDRESS.replace("http:", "https:"), follow_redirects=False)
    kept = login(client, "ada").headers["set-cookie"]
    assert kept.startswith("__Host-patchclamp-8765=")
    assert {"Secure", "Path=/"} <= set(kept.split("; "))
    assert "domain" not in kept.lower()
