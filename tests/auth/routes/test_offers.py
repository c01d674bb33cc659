"""Nobody is offered what they may not do: no link, form, button or script of any page that somebody
can open leads to a refusal."""

import re
from collections import Counter, deque
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.routing import compile_path
from starlette.testclient import TestClient

from app.store.accounts.members import ROLES
from tests.auth.routes.house import House, address
from tests.auth.routes.offered import Offer, Page

OF_A_KIND = 3
"""Addresses of one route with the same parameters that are asked for."""
LEFT_OUT = re.compile(r"/logout|.*/events")
"""Ends what the test is signed in by; streams that end when their job does."""
TRIED = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Map:
    """Of all routes: which one an address leads to."""

    def __init__(self, routes: list[tuple[str, str]]) -> None:
        self._routes = [(method, path, compile_path(path)[0]) for method, path in routes]

    def route_of(self, method: str, address: str) -> str | None:
        """None: nothing is there."""
        path = urlsplit(address).path
        found = ((m, name) for m, name, pattern in self._routes if pattern.match(path))
        return next((name for m, name in found if m == method), None)

    def methods_at(self, address: str) -> list[str]:
        """Of what a script asks for: reading where that is possible, else whatever there is."""
        found = [method for method in TRIED if self.route_of(method, address) is not None]
        return ["GET"] if "GET" in found else found


class Known:
    """What was asked for, and need not be again."""

    def __init__(self, routes: Map) -> None:
        self._routes = routes
        self._addresses: set[tuple[object, ...]] = set()
        self._n: Counter[tuple[object, ...]] = Counter()

    def is_new(self, offer: Offer) -> bool:
        parts = urlsplit(offer.address)
        if LEFT_OUT.fullmatch(parts.path):
            return False
        names = (
            *sorted({name for name, _ in parse_qsl(parts.query)}),
            "by",
            *sorted({name for name, _ in offer.fields}),
        )
        address = (offer.method, parts.path, *names)
        kind = (offer.method, self._routes.route_of(offer.method, offer.address), *names)
        if address in self._addresses or self._n[kind] >= OF_A_KIND:
            return False
        self._addresses.add(address)
        self._n[kind] += 1
        return True


def refusals(
    client: TestClient, house: House, routes: list[tuple[str, str]], person: str
) -> tuple[list[str], int]:
    """What pages lead to that is refused; and how many pages were read."""
    headers = {**house.credentials[person], "accept": "text/html"}
    there = Map(routes)
    known = Known(there)
    waiting = deque(
        (Offer("GET", address(path, house.subjects[0])), "the table of routes")
        for method, path in routes
        if method == "GET"
    )
    waiting = deque(one for one in waiting if known.is_new(one[0]))
    found: list[str] = []
    n_pages = 0
    while waiting:
        offer, whence = waiting.popleft()
        sent = {} if offer.method == "GET" else {"data": fields_of(offer)}
        answer = client.request(offer.method, offer.address, headers=headers, **sent)
        if answer.status_code in (401, 403) and whence != "the table of routes":
            found.append(f"{whence}: {offer.method} {offer.address}: {answer.status_code}")
        is_page = "text/html" in answer.headers.get("content-type", "")
        if offer.method != "GET" or answer.status_code != 200 or not is_page:
            continue
        n_pages += 1
        for one in Page(offer.address, answer.text).offers():
            for method in [one.method] if one.method else there.methods_at(one.address):
                led = Offer(method, one.address, one.fields)
                if known.is_new(led):
                    waiting.append((led, offer.address))
    return found, n_pages


def fields_of(offer: Offer) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in offer.fields:
        fields.setdefault(name, []).append(value)
    return fields


@pytest.mark.parametrize("person", [*ROLES, "outsider", "administrator"])
def test_nothing_on_a_page_leads_to_a_refusal(
    client: TestClient, house: House, routes: list[tuple[str, str]], person: str
) -> None:
    found, n_pages = refusals(client, house, routes, person)
    assert found == []
    assert n_pages > (8 if person == "outsider" else 50)


def test_a_viewer_is_told_what_they_miss_to_search_by_text(
    client: TestClient, house: House
) -> None:
    here = f"/m/{house.subjects[0]['model']}/text"
    headers = {**house.credentials["viewer"], "accept": "text/html"}
    page = client.get(here, headers=headers)
    assert page.status_code == 200
    assert "it takes the right “run”" in page.text
    asked = client.get(here, params={"text": "The capital of France is"}, headers=headers)
    assert asked.status_code == 403
    assert "viewer may not run" in asked.text
