"""Access by guessed id: nobody can tell what they may not see from what does not exist."""

import re

import httpx
import pytest
from starlette.testclient import TestClient

from app.auth.needs import need_of
from tests.auth.routes.house import NOTHING, House, address, sent

NAMED = ("model", "explanation", "run", "job", "experiment", "list", "corpus", "comment")


@pytest.mark.parametrize("person", ["owner", "outsider", "viewer"])
def test_what_may_not_be_seen_is_answered_as_what_does_not_exist(
    client: TestClient, house: House, routes: list[tuple[str, str]], person: str
) -> None:
    headers = {**house.credentials[person], "x-request-id": "0123456789abcdef"}
    differing = []
    for method, path in routes:
        need = need_of(method, path)
        assert need is not None
        told = []
        for subjects in (house.subjects[1], NOTHING):
            url = address(path, subjects)
            answer = client.request(method, url, headers=headers, **sent(need, subjects))
            told.append(without_names(answer, url, subjects))
        if (need.of or need.beside) and told[0] != told[1]:
            differing.append((method, path, *told))
    assert differing == []


@pytest.mark.parametrize("person", ["owner", "outsider"])
def test_pages_do_not_tell_either(client: TestClient, house: House, person: str) -> None:
    headers = {**house.credentials[person], "x-request-id": "0123456789abcdef"}
    headers["accept"] = "text/html"
    for path in ("/m/{model}", "/runs/{run_id}", "/experiments/{slug}", "/lists/{slug}"):
        told = []
        for subjects in (house.subjects[1], NOTHING):
            url = address(path, subjects)
            told.append(without_names(client.get(url, headers=headers), url, subjects))
        assert told[0] == told[1]
        assert told[0][0] == 404


def without_names(
    answer: httpx.Response, url: str, subjects: dict[str, str]
) -> tuple[int, str, list[str]]:
    """Status, body and names of headers; what was asked for is taken out of the body."""
    body = answer.text.replace(url, "<path>")
    for name in sorted((subjects[kind] for kind in NAMED), key=len, reverse=True):
        body = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "<name>", body)
    return answer.status_code, body, sorted(answer.headers)
