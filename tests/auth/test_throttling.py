"""Programs and questions to the loaded model are counted by token and account; nobody alone is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.auth.throttling import Throttle, network_of
from app.errors import TooManyError
from app.main import create_app
from app.settings import Settings
from app.store.accounts.tokens import create_token
from app.store.engine import open_session
from tests.kept import synthetic_store
from tests.pages.team import ADDRESS, add, browser

SEE = "/api/v1/models/synthetic"
ASK = "/api/v1/models/synthetic/tokens"
Opened = Callable[..., FastAPI]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    def made(**settings: int) -> FastAPI:
        synthetic_store(
            tmp_path, layers=1, neurons=8, heads=2, windows=24, window_length=16,
            exemplars_per_kind=2,
        )  # fmt: skip
        return create_app(Settings(data=tmp_path, log_level="error", **settings))

    return made


def program(app: FastAPI, account_id: int, name: str = "t") -> TestClient:
    with open_session(app.state.engine, commit=True) as session:
        secret = create_token(
            session, account_id=account_id, name=name, scopes=["see", "run"], lasts=None
        )
    return TestClient(app, base_url=ADDRESS, headers={"authorization": f"Bearer {secret}"})


def test_one_more_than_a_token_may_ask_is_told_when_to_go_on(opened: Opened) -> None:
    app = opened(token_requests=3)
    client = program(app, add(app, "ada", role="viewer"))
    assert [client.get(SEE).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get(SEE)
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "3 requests a minute" in answer.json()["detail"]
    assert "Retry-After" in answer.json()["hint"]


def test_another_token_goes_on_until_its_account_has_had_enough(opened: Opened) -> None:
    app = opened(token_requests=3, account_requests=5)
    ada, bea = add(app, "ada", role="viewer"), add(app, "bea", role="viewer")
    first, second = program(app, ada), program(app, ada, "u")
    assert [first.get(SEE).status_code for _ in range(3)] == [200] * 3
    assert [second.get(SEE).status_code for _ in range(3)] == [200, 200, 429]
    assert program(app, bea).get(SEE).status_code == 200


def test_pages_in_a_browser_are_not_counted(opened: Opened) -> None:
    app = opened(token_requests=1, account_requests=1)
    client = browser(app, add(app, "ada", role="viewer"))
    assert [client.get("/m/synthetic").status_code for _ in range(3)] == [200] * 3


def test_the_loaded_model_is_asked_so_often_by_an_account(opened: Opened) -> None:
    app = opened(inference_requests=2)
    ada = add(app, "ada", role="annotator")
    asked = {"prompts": [{"text": "a"}]}
    by_token, by_cookie = program(app, ada), browser(app, ada)
    with by_token, by_cookie:
        assert by_token.post(ASK, json=asked).status_code == 503  # none runs here
        assert by_cookie.get("/m/synthetic/text", params={"text": "a"}).status_code == 503
        refused = by_token.post(ASK, json=asked)
        page = by_cookie.get("/m/synthetic/text", params={"text": "a"})
    assert refused.status_code == page.status_code == 429
    assert "retry-after" in refused.headers
    assert "retry-after" in page.headers
    assert "2 requests a minute" in page.text


def test_what_is_refused_asks_nothing_and_is_not_counted(opened: Opened) -> None:
    app = opened(inference_requests=1)
    viewer = program(app, add(app, "vic", role="viewer"))
    asked = {"prompts": [{"text": "a"}]}
    assert [viewer.post(ASK, json=asked).status_code for _ in range(3)] == [403] * 3


def test_nobody_is_counted_while_nobody_has_an_account(opened: Opened) -> None:
    app = opened(inference_requests=1, token_requests=1, account_requests=1)
    with TestClient(app, base_url=ADDRESS) as client:
        found = [client.post(ASK, json={"prompts": [{"text": "a"}]}).status_code for _ in "abc"]
    assert found == [503] * 3


def test_none_means_any_number(opened: Opened) -> None:
    app = opened(token_requests=0, account_requests=0)
    client = program(app, add(app, "ada", role="viewer"))
    assert [client.get(SEE).status_code for _ in range(5)] == [200] * 5


@pytest.mark.parametrize("path", ["/m/synthetic", SEE, "/api/docs"])
def test_what_somebody_is_shown_is_kept_by_their_browser_alone(opened: Opened, path: str) -> None:
    app = opened()
    client = browser(app, add(app, "ada", role="viewer"))
    assert client.get(path).headers["cache-control"].startswith("private, ")


def test_what_may_be_kept_nowhere_stays_so(opened: Opened) -> None:
    app = opened()
    client = browser(app, add(app, "ada", role="viewer"))
    assert client.get("/account").headers["cache-control"] == "no-store"
    assert client.get("/static/css/base.css").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_tries_from_one_network_count_together(address: str, counted: str) -> None:
    assert network_of(address) == counted


def test_whoever_changes_their_ipv6_address_waits_all_the_same() -> None:
    throttle = Throttle(Settings())
    for n in range(60):
        throttle.check(address=f"2001:db8::{n:x}")
    with pytest.raises(TooManyError):
        throttle.check(address="2001:db8::ffff:1")
    throttle.check(address="2001:db8:0:1::1")
