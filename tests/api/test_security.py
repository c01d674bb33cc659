import socket
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from app.security import BODY_LIMIT
from app.settings import Settings

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)


@pytest.fixture
def writable(empty_app: FastAPI) -> Iterator[TestClient]:
    """An application with one route that takes any body and says how much it was."""

    @empty_app.post("/swallow")
    async def swallow(request: Request) -> int:
        return len(await request.body())

    with TestClient(empty_app) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/api/v1/models", {}),
        ("GET", "/api/v1/nothing", {}),
        ("GET", "/nothing/at/all/here", {"accept": "text/html"}),
        ("GET", "/static/nothing.js", {}),
        ("GET", "/healthz", {"host": "evil.example"}),
        ("POST", "/api/v1/jobs", {"sec-fetch-site": "cross-site"}),
        ("PUT", "/api/v1/models", {}),
        ("GET", "/metrics", {}),
    ],
)
def test_every_answer_carries_the_protecting_headers(empty, method, path, headers):
    answer = empty.request(method, path, headers=headers)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "",
        "evil:8765",
        "evil.example@localhost",
        "localhost@evil.example",
        "@localhost",
        "localhost:80@evil.example",
        "localhost/evil.example",
        "localhost#evil",
        "localhost evil",
        "localhost,evil.example",
        "localhost:",
        "localhost:port",
        "localhost:123456",
        "localhost.",
        "[::1",
        "[::1]evil",
        "[::1]:x",
        "%6cocalhost",
        "localhost\\evil",
        b"local\xffhost",
    ],
)
def test_a_foreign_host_name_is_refused(empty, host):
    answer = empty.get("/healthz", headers={"host": host})
    assert answer.status_code == 400
    assert "PATCHCLAMP_ALLOWED_HOSTS" in answer.json()["hint"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8765", "127.0.0.1:80", "[::1]:8765"])
def test_our_host_names_are_served_with_any_port(empty, host):
    assert empty.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://localhost:9999"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver@evil.example"},
        {"origin": "http://[::1"},
        {"origin": "http://localhost"},
        {"origin": "http://testserver:8765"},
        {"origin": "https://testserver"},
        {"origin": "testserver"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "anything"},
    ],
)
def test_a_write_from_another_site_is_refused(writable, headers):
    answer = writable.post("/swallow", headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "http://testserver"},
        {"origin": "http://testserver:80"},
        {"origin": "http://localhost:8765", "host": "localhost:8765"},
        {"origin": "http://[::1]:8765", "host": "[::1]:8765"},
        {"sec-fetch-site": "same-origin", "origin": "https://testserver"},
    ],
)
def test_a_write_from_our_own_pages_or_a_program_is_accepted(writable, headers):
    assert writable.post("/swallow", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_reading_is_open_to_links_from_other_sites(empty, site):
    link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert empty.get("/glossary", headers=link).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/models", "/metrics", "/static/css/tokens.css"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"origin": "http://localhost:9999"},
    ],
)
def test_another_site_can_neither_fetch_nor_embed_anything(empty, path, headers):
    answer = empty.get(path, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_two_host_headers_are_refused(empty_url):
    host, port = empty_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_what_test_clients_call_themselves_is_no_host_of_ours_by_default(monkeypatch):
    monkeypatch.delenv("PATCHCLAMP_ALLOWED_HOSTS")
    assert Settings().allowed_hosts == ["127.0.0.1", "localhost", "[::1]"]


def test_a_body_at_the_limit_is_taken(writable):
    assert writable.post("/swallow", content=b"x" * BODY_LIMIT).json() == BODY_LIMIT


def test_a_body_that_declares_too_much_is_refused(writable):
    answer = writable.post("/swallow", content=b"x" * (BODY_LIMIT + 1))
    assert answer.status_code == 413
    assert answer.json()["status"] == 413


def test_a_chunked_body_that_grows_too_large_is_refused(writable):
    chunks = (b"x" * 65536 for _ in range(BODY_LIMIT // 65536 + 1))
    answer = writable.post("/swallow", content=chunks)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_length_that_is_no_number_is_refused(writable):
    answer = writable.post("/swallow", content=b"", headers={"content-length": "-1"})
    assert answer.status_code in (400, 413)
