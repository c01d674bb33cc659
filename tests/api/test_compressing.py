"""Answers in gzip: the same whichever library compresses, whole or piece by piece."""

import zlib
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app import compressing
from app.compressing import CompressingMiddleware

TEXT = "one line of a page\n" * 20_000
PIECES = ["first " * 500, "second " * 500, "last"]


def whole(_: Request) -> Response:
    return PlainTextResponse(TEXT)


def small(_: Request) -> Response:
    return PlainTextResponse("small")


def in_pieces(_: Request) -> Response:
    return StreamingResponse(iter(PIECES), media_type="text/plain")


@pytest.fixture(params=["as installed", "zlib"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    if request.param == "zlib":
        monkeypatch.setattr(compressing, "deflating", zlib)
    routes = [Route("/whole", whole), Route("/small", small), Route("/pieces", in_pieces)]
    app = CompressingMiddleware(Starlette(routes=routes), minimum_size=2048)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(("path", "text"), [("/whole", TEXT), ("/pieces", "".join(PIECES))])
def test_what_arrives_is_what_was_sent(client: TestClient, path: str, text: str) -> None:
    answer = client.get(path, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.text == text


def test_it_is_much_smaller(client: TestClient) -> None:
    answer = client.get("/whole", headers={"accept-encoding": "gzip"})
    assert int(answer.headers["content-length"]) < len(TEXT) / 20


def test_small_answers_and_clients_that_do_not_ask_get_them_as_they_are(client: TestClient) -> None:
    for path, accepted in (("/small", "gzip"), ("/whole", "identity")):
        answer = client.get(path, headers={"accept-encoding": accepted})
        assert "content-encoding" not in answer.headers
