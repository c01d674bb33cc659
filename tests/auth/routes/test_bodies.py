"""Nobody's body is read before they have said who they are."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from tests.auth.routes.house import MODELS, House


async def answered(app: FastAPI, path: str, headers: dict[str, str]) -> tuple[int, int]:
    """The status, and how often the body was asked for."""
    n_asked, statuses = 0, []
    named = {"host": "localhost:8765", "content-type": "application/json", **headers}
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("localhost", 8765),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        nonlocal n_asked
        n_asked += 1
        return {"type": "http.request", "body": b"{", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0], n_asked


@pytest.mark.parametrize(
    "path", [f"/api/v1/models/{MODELS[0]}/tokens", "/api/v1/jobs", "/jobs", "/nowhere"]
)
def test_the_body_of_a_stranger_is_not_read(app: FastAPI, path: str) -> None:
    assert asyncio.run(answered(app, path, {})) == (401, 0)


def test_a_body_that_is_no_json_is_told_to_whoever_is_signed_in(app: FastAPI, house: House) -> None:
    path = f"/api/v1/models/{MODELS[0]}/tokens"
    status, n_asked = asyncio.run(answered(app, path, house.credentials["owner"]))
    assert (status, n_asked) == (422, 1)
