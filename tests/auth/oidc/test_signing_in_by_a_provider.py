"""People come in by an OpenID Connect provider: one that these tests run, honest or not."""

import base64
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from app import sealed
from app.main import create_app
from app.settings import Settings
from app.store.accounts.links import create_invite
from app.store.accounts.people import disable, get_account
from app.store.engine import open_session
from tests.auth.oidc.issuer import CLIENT, SECRET, Issuer, served
from tests.kept import synthetic_store
from tests.pages.team import ADDRESS, COOKIE, DAY, PASSWORD, add, browser, link, whoever
from tests.store.audit_log import rows

ATTEMPT = "patchclamp-oidc-8765"
MINE = {"own_password": PASSWORD}


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Issuer, RSAKey]]:
    issuer = Issuer()
    with served(issuer):
        yield issuer, issuer.key


@pytest.fixture
def issuer(running: tuple[Issuer, RSAKey]) -> Issuer:
    """Honest again."""
    issuer, key = running
    fresh = Issuer(address=issuer.address, key=key)
    for name in vars(fresh):
        setattr(issuer, name, getattr(fresh, name))
    return issuer


def opened(data: Path, issuer: Issuer, **settings: Any) -> FastAPI:
    synthetic_store(
        data, layers=1, neurons=8, heads=2, windows=24, window_length=16, exemplars_per_kind=2
    )
    return create_app(
        Settings(
            data=data, log_level="error", oidc_issuer=issuer.address, oidc_client_id=CLIENT,
            oidc_client_secret=SECRET, oidc_name="the lab", **settings,
        )
    )  # fmt: skip


@pytest.fixture
def app(tmp_path: Path, issuer: Issuer) -> FastAPI:
    app = opened(tmp_path, issuer)
    app.state.ada = add(app, "ada", role="annotator")
    return app


def at_provider(address: str) -> str:
    """What the provider sends a browser back to, as a path."""
    back = httpx.get(address).headers["location"]
    assert back.startswith(f"{ADDRESS}/login/oidc/back?")
    return back.removeprefix(ADDRESS)


def set_out(client: TestClient, next_: str = "/") -> str:
    """The way back."""
    answer = client.get("/login/oidc", params={"next": next_})
    assert answer.status_code == 303, answer.text
    return at_provider(answer.headers["location"])


def onward(page: str) -> str:
    """The provider's address on a page that leads there."""
    start = page.index('href="http://127.0.0.1') + len('href="')
    return page[start : page.index('"', start)].replace("&amp;", "&")


def linked(app: FastAPI) -> None:
    """Ada links what the provider says now."""
    ada = browser(app, app.state.ada)
    page = ada.post("/account/identity", data=MINE).text
    assert ada.get(at_provider(onward(page))).status_code == 303


def test_the_button_is_there_where_a_provider_is_set(app: FastAPI, tmp_path: Path) -> None:
    assert "Sign in with the lab" in browser(app).get("/login").text
    without = create_app(Settings(data=tmp_path, log_level="error"))
    assert "/login/oidc" not in browser(without).get("/login").text
    assert browser(without).get("/login/oidc").status_code == 404


def test_a_linked_account_comes_in_and_where_it_wanted(app: FastAPI) -> None:
    linked(app)
    new = browser(app)
    answer = new.get(set_out(new, "/m/synthetic"))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/m/synthetic"
    assert whoever(new) == "ada"
    assert ATTEMPT not in new.cookies


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil", "/login"]
)
def test_nobody_is_led_elsewhere(app: FastAPI, elsewhere: str) -> None:
    linked(app)
    new = browser(app)
    assert new.get(set_out(new, elsewhere)).headers["location"] == "/"


def test_a_stranger_gets_no_account(app: FastAPI) -> None:
    new = browser(app)
    answer = new.get(set_out(new))
    assert answer.status_code == 403
    assert "Nobody here has this identity" in answer.text
    assert whoever(new) is None


def test_the_e_mail_address_of_somebody_lets_nobody_in_as_them(
    app: FastAPI, issuer: Issuer
) -> None:
    issuer.claims = {"email": "ada", "email_verified": True, "preferred_username": "ada"}
    new = browser(app)
    assert new.get(set_out(new)).status_code == 403


def test_strangers_get_an_account_where_the_settings_say_so(tmp_path: Path, issuer: Issuer) -> None:
    app = opened(tmp_path, issuer, oidc_role="viewer", oidc_domains=["Lab.example"])
    add(app, "bea", role="viewer")
    issuer.claims = {"email": "Bea@lab.example", "email_verified": True, "name": "Bea B."}
    new = browser(app)
    assert new.get(set_out(new)).status_code == 303
    assert whoever(new) == "bea-2"  # and not her who was there
    with open_session(app.state.engine) as session:
        account = get_account(session, name="bea-2")
    assert [(one.model, one.role) for one in account.memberships] == [(None, "viewer")]
    assert (account.full_name, account.has_password) == ("Bea B.", False)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "eve@evil.example", "email_verified": True},
        {"email": "eve@lab.example", "email_verified": False},
        {"email": "eve@lab.example"},
        {"email": "eve@lab.example@evil.example", "email_verified": True},
        {},
    ],
)
def test_who_is_of_no_domain_that_is_let_in_gets_none(
    tmp_path: Path, issuer: Issuer, claims: dict[str, Any]
) -> None:
    app = opened(tmp_path, issuer, oidc_role="viewer", oidc_domains=["lab.example"])
    add(app, "root", is_administrator=True)
    issuer.claims = claims
    new = browser(app)
    assert new.get(set_out(new)).status_code == 403
    assert whoever(new) is None


def test_a_disabled_account_stays_out(app: FastAPI) -> None:
    linked(app)
    with open_session(app.state.engine, commit=True) as session:
        disable(session, name="ada")
    new = browser(app)
    assert new.get(set_out(new)).status_code == 403


def test_another_account_cannot_link_the_same(app: FastAPI) -> None:
    linked(app)
    bea = browser(app, add(app, "bea", role="viewer"))
    answer = bea.get(at_provider(onward(bea.post("/account/identity", data=MINE).text)))
    assert answer.status_code == 409
    with open_session(app.state.engine) as session:
        assert not get_account(session, name="bea").has_identity


def test_linking_and_coming_in_leave_rows(app: FastAPI) -> None:
    linked(app)
    new = browser(app)
    new.get(set_out(new))
    found = [(row["action"], row["actor"]) for row in rows(app.state.engine)[-4:]]
    assert ("account.identity_linked", "ada") in found
    assert found[-1] == ("login.begun", "ada")


def test_what_is_unlinked_lets_nobody_in(app: FastAPI) -> None:
    linked(app)
    ada = browser(app, app.state.ada)
    assert ada.post("/account/identity/unlink").status_code == 303
    new = browser(app)
    assert new.get(set_out(new)).status_code == 403


def test_linking_that_another_site_begins_is_refused(app: FastAPI) -> None:
    ada = browser(app, app.state.ada)
    answer = ada.post("/account/identity", data=MINE, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert ATTEMPT not in ada.cookies


def test_linking_ends_where_somebody_else_has_signed_in_meanwhile(app: FastAPI) -> None:
    ada = browser(app, app.state.ada)
    back = at_provider(onward(ada.post("/account/identity", data=MINE).text))
    bea = browser(app, add(app, "bea", role="viewer"))
    ada.cookies.set(COOKIE, bea.cookies[COOKIE], domain="localhost.local")
    assert ada.get(back).status_code == 403
    with open_session(app.state.engine) as session:
        assert not get_account(session, name="bea").has_identity


@pytest.mark.parametrize("said", ["", "another"])
def test_a_browser_that_was_left_open_links_nothing_without_the_password(
    app: FastAPI, said: str
) -> None:
    ada = browser(app, app.state.ada)
    answer = ada.post("/account/identity", data={"own_password": said})
    assert (answer.status_code, ATTEMPT in ada.cookies) == (422, False)
    assert "This is not your password." in answer.text


def test_linking_signs_other_browsers_out(app: FastAPI) -> None:
    other = browser(app, app.state.ada)
    linked(app)
    assert whoever(other) is None


@pytest.mark.parametrize("kind", ["login", "reset"])
def test_no_other_link_makes_an_account_though_the_browser_says_it_is_an_invite(
    app: FastAPI, kind: Any
) -> None:
    secret = link(app, kind, account_id=app.state.ada).removeprefix("/login/")
    new = browser(app)
    back = set_out(new)
    kept = json.loads(base64.urlsafe_b64decode(new.cookies[ATTEMPT]))
    forged = json.dumps(kept | {"aim": "join", "invite": secret, "name": "eve"})
    new.cookies.set(
        ATTEMPT, base64.urlsafe_b64encode(forged.encode()).decode(), domain="localhost.local"
    )
    answer = new.get(back)
    assert (answer.status_code, whoever(new)) == (422, None)
    assert "Only an invite makes an account" in answer.text
    assert browser(app).get(f"/login/{secret}").status_code == 200, "it was not used up"


def test_an_invite_makes_an_account_without_a_password(app: FastAPI) -> None:
    with open_session(app.state.engine, commit=True) as session:
        secret = create_invite(
            session, role="reviewer", model="synthetic", note="", lasts=DAY, actor="ada"
        )
    new = browser(app)
    assert "by the lab" in new.get(f"/login/{secret}").text
    page = new.post(f"/login/{secret}/oidc", data={"name": "tom"}).text
    assert new.get(at_provider(onward(page))).status_code == 303
    assert whoever(new) == "tom"
    assert browser(app).get(f"/login/{secret}").status_code == 404
    again = browser(app)
    assert again.get(set_out(again)).status_code == 303
    assert whoever(again) == "tom"


def test_the_login_that_a_browser_had_ends(app: FastAPI) -> None:
    linked(app)
    new = browser(app, add(app, "bea", role="viewer"))
    planted = new.cookies[COOKIE]
    new.get(set_out(new))
    old = browser(app)
    old.cookies.set(COOKIE, planted, domain="localhost.local")
    assert whoever(new) == "ada"
    assert whoever(old) is None


# what the provider, or whoever pretends to be it, does wrong


def refused(app: FastAPI, reason: str) -> None:
    linked_already = browser(app)
    answer = linked_already.get(set_out(linked_already))
    assert answer.status_code in (422, 503), answer.text
    assert reason in answer.text
    assert whoever(linked_already) is None


LIES = {
    "wrong nonce": {"nonce": "another"},
    "wrong audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "several audiences, and asked for by another": {"aud": [CLIENT, "b"], "azp": "b"},
    "several audiences, and asked for by nobody": {"aud": [CLIENT, "b"]},
    "asked for by another": {"azp": "b"},
    "expired": {"exp": 1_700_000_000},
    "no end": {"exp": None},
    "foreign issuer": {"iss": "https://evil.example"},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "subject that is no text": {"sub": 7},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_ours_is_refused(app: FastAPI, issuer: Issuer, lie: str) -> None:
    linked(app)
    changes = LIES[lie]
    issuer.lies = lambda claims: {
        name: value for name, value in {**claims, **changes}.items() if value is not None
    }
    refused(app, "answer was refused")


def test_a_token_that_somebody_else_has_signed_is_refused(app: FastAPI, issuer: Issuer) -> None:
    linked(app)
    issuer.signing = RSAKey.generate_key(2048, {"kid": "one"})
    refused(app, "answer was refused")


def test_a_token_that_nobody_has_signed_is_refused(app: FastAPI, issuer: Issuer) -> None:
    linked(app)
    token = issuer.token

    def unsigned(nonce: str) -> str:
        header = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
        return f"{header}.{token(nonce).split('.')[1]}."

    issuer.token = unsigned  # type: ignore[method-assign]
    try:
        refused(app, "answer was refused")
    finally:
        del issuer.token


def test_a_public_key_is_no_shared_secret(app: FastAPI, issuer: Issuer) -> None:
    """HS256 with the published key as its secret: the oldest trick."""
    linked(app)
    published, token = issuer.key.as_pem(private=False), issuer.token

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    def forged(nonce: str) -> str:
        signed = part(b'{"alg":"HS256","kid":"one"}') + "." + token(nonce).split(".")[1]
        return f"{signed}.{part(hmac.digest(published, signed.encode(), 'sha256'))}"

    issuer.token = forged  # type: ignore[method-assign]
    try:
        refused(app, "answer was refused")
    finally:
        del issuer.token


def test_a_new_key_of_the_provider_is_found(app: FastAPI, issuer: Issuer) -> None:
    linked(app)
    issuer.key = RSAKey.generate_key(2048, {"kid": "two"})
    issuer.header = {"alg": "RS256", "kid": "two"}
    provider = app.state.provider
    provider._kept = {k: (at - 60, v) for k, (at, v) in provider._kept.items()}
    new = browser(app)
    assert new.get(set_out(new)).status_code == 303


def test_keys_are_not_asked_for_again_at_once(app: FastAPI, issuer: Issuer) -> None:
    linked(app)
    issuer.header = {"alg": "RS256", "kid": "made-up"}
    before = issuer.asked.count("keys")
    for _ in range(3):
        new = browser(app)
        assert new.get(set_out(new)).status_code == 422
    assert issuer.asked.count("keys") == before


def test_a_provider_that_calls_itself_otherwise_is_not_used(tmp_path: Path, issuer: Issuer) -> None:
    issuer.calls_itself = "https://evil.example"
    app = opened(tmp_path, issuer)
    add(app, "ada")
    answer = browser(app).get("/login/oidc")
    assert answer.status_code == 503
    assert "calls itself otherwise" in answer.text


def test_a_provider_that_does_not_answer_is_told_of(tmp_path: Path) -> None:
    app = opened(tmp_path, Issuer(address="http://127.0.0.1:9"))
    answer = browser(app).get("/login/oidc")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text


def test_a_provider_without_https_is_not_used(tmp_path: Path) -> None:
    app = opened(tmp_path, Issuer(address="http://login.example"))
    answer = browser(app).get("/login/oidc")
    assert answer.status_code == 503
    assert "https" in answer.text


# what somebody does who would come in as another


@pytest.mark.parametrize("state", ["", "forged", "x" * 43])
def test_a_forged_state_is_refused(app: FastAPI, state: str) -> None:
    linked(app)
    new = browser(app)
    back = set_out(new)
    (code,) = (parse_qs(urlsplit(back).query)["code"],)
    answer = new.get("/login/oidc/back", params={"state": state, "code": code[0]})
    assert answer.status_code == 422
    assert whoever(new) is None


def test_the_way_back_of_another_browser_lets_nobody_in(app: FastAPI) -> None:
    """Signing a victim in as oneself."""
    linked(app)
    attacker, victim = browser(app), browser(app)
    back = set_out(attacker)
    assert victim.get(back).status_code == 422
    set_out(victim)
    assert victim.get(back).status_code == 422
    assert whoever(victim) is None


def test_a_way_back_is_for_once(app: FastAPI) -> None:
    linked(app)
    new = browser(app)
    back = set_out(new)
    kept = new.cookies[ATTEMPT]
    assert new.get(back).status_code == 303
    assert new.get(back).status_code == 422  # the cookie is gone
    again = browser(app)
    again.cookies.set(ATTEMPT, kept, domain="localhost.local")
    assert again.get(back).status_code == 422  # and with it, the code was used
    assert whoever(again) is None


def test_a_code_of_another_attempt_is_refused(app: FastAPI) -> None:
    """The verifier of this browser does not fit it."""
    linked(app)
    other, new = browser(app), browser(app)
    stolen = parse_qs(urlsplit(set_out(other)).query)["code"][0]
    state = parse_qs(urlsplit(set_out(new)).query)["state"][0]
    answer = new.get("/login/oidc/back", params={"state": state, "code": stolen})
    assert answer.status_code == 422
    assert whoever(new) is None


def test_the_answer_of_another_provider_is_refused(app: FastAPI) -> None:
    linked(app)
    new = browser(app)
    assert new.get(set_out(new) + "&iss=https://evil.example").status_code == 422


def test_what_the_provider_says_is_text(app: FastAPI) -> None:
    new = browser(app)
    state = parse_qs(urlsplit(set_out(new)).query)["state"][0]
    evil = {"state": state, "error": "<script>alert(1)</script>"}
    answer = new.get("/login/oidc/back", params=evil)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    denied = browser(app)
    state = parse_qs(urlsplit(set_out(denied)).query)["state"][0]
    said = denied.get("/login/oidc/back", params={"state": state, "error": "access_denied"}).text
    assert "let nobody in: access_denied" in said


def test_a_cookie_that_is_none_of_ours_is_refused(app: FastAPI) -> None:
    for planted in ("", "e30=", "not base64", "bnVsbA==", "W1tbW1tb"):
        new = browser(app)
        new.cookies.set(ATTEMPT, planted, domain="localhost.local")
        assert new.get("/login/oidc/back?state=x&code=y").status_code == 422


def test_a_sealed_server_asks_no_provider_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in sealed.QUIET:
        monkeypatch.setenv(name, "")
    app = opened(tmp_path, Issuer(address="https://login.example"), sealed=True)
    try:
        answer = browser(app).get("/login/oidc")
    finally:
        sealed._Guard.hosts = None
    assert answer.status_code == 403
    assert "Signing in at a provider on another machine was refused" in answer.text
