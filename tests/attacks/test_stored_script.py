"""No script that somebody stored runs: every field of every form and body that takes free text is
given one, by the very calls that the audit log is tested with, so that new fields come along; then
every page is read, and those that show one are opened in a browser."""

import json
import re
from collections import deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, sync_playwright
from pydantic import BaseModel
from starlette.routing import compile_path
from starlette.testclient import TestClient

from app.bench.kept_circuits import fill_circuits
from app.bench.serving import serving
from app.main import create_app
from app.settings import Settings
from tests.api.auditing import CALLS, Site
from tests.auth.routes.offered import Page
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.kept import synthetic_store
from tests.pages.playing import load

EVIL = "x\"'><script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>"
RAW = re.compile(r"<script>alert|<img src=x|<svg onload=alert")
SHORT = "'><img src=x onerror=alert(1)>"
OF_A_KIND = 3
MOST_OPENED = 40
READING = re.compile(r"/(?!api/|static/|logout|account)[^?]*")


def text_fields(model: type[BaseModel]) -> dict[str, Any]:
    """Of text that is free, or a list of such, by name: what is put there."""
    found: dict[str, Any] = {}
    for name, field in (model.model_json_schema().get("properties") or {}).items():
        for one in (field, *field.get("anyOf", ())):
            if one.get("type") == "array" and (said := _said(one.get("items", {}))):
                found[name] = [said]
            elif said := _said(one):
                found[name] = said
    return found


def _said(schema: dict[str, Any]) -> str:
    """As much as it takes; empty where it takes no free text."""
    closed = {"enum", "const", "pattern", "format", "$ref"} & schema.keys()
    if schema.get("type") != "string" or closed:
        return ""
    most = schema.get("maxLength", len(EVIL))
    return next((said for said in (EVIL, SHORT) if len(said) <= most), "")


READ_AS = re.compile(
    r"prompt|program|tokens|content|cursor|slug|source|model|corpus|sites?|units|modelId|sourceSet"
    r"|query|kept|remove|drop|add|targets|address|name|password|old|next|method|role|turn|where"
    r"|author|edits?|text|filename|contentType|customText|gold|layers|ablation|task|drawn"
    r"|operation|other|parent|place|value"
)
"""Fields whose values are read as something, and refused where they are not that."""


class Planting:
    """A client whose requests say it wherever they may; what is refused is sent as it was."""

    def __init__(self, app: FastAPI, client: TestClient) -> None:
        self._send = client.request
        self._routes = [
            (method, compile_path(str(route.path))[0], str(route.path), fields)
            for route in iter_route_contexts(app.routes)
            if getattr(route, "dependant", None) is not None
            and (fields := self._fields(route.dependant))
            for method in route.methods or ()
        ]
        self.known = {(m, p, name) for m, _, p, fields in self._routes for name in fields}
        self.planted: set[tuple[str, str, str]] = set()
        client.request = self.request  # type: ignore[method-assign]

    def request(self, method: str, url: Any, **more: Any) -> Any:
        path = urlsplit(str(url)).path
        for known, pattern, name, fields in self._routes:
            place = "json" if isinstance(more.get("json"), dict) else "data"
            if known == method.upper() and pattern.match(path) and self._takes(more, place):
                return self._plant(method, url, more, place, (known, name), fields)
        return self._send(method, url, **more)

    def _plant(
        self, method: str, url: Any, more: Any, place: str, route: Any, fields: dict[str, Any]
    ) -> Any:
        """All that it can at once; else the first field that is taken, of those not tried."""
        told = {name: value for name, value in fields.items() if not READ_AS.fullmatch(name)}
        short = {name: SHORT if isinstance(value, str) else value for name, value in told.items()}
        tries = [fields, told, short, *({name: value} for name, value in fields.items())]
        for wanted in tries:
            body = {**(more.get(place) or {}), **wanted}
            answer = self._send(method, url, **{**more, place: body})
            if answer.status_code < 400:
                self.planted |= {(*route, name) for name in wanted}
                return answer
        return self._send(method, url, **more)

    @staticmethod
    def _takes(more: dict[str, Any], place: str) -> bool:
        return isinstance(more.get(place) or {}, dict) and more.get("content") is None

    @staticmethod
    def _fields(dependant: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for param in dependant.body_params:
            model = param.field_info.annotation
            if isinstance(model, type) and issubclass(model, BaseModel):
                found |= text_fields(model)
        return found


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, Planting]]:
    data = tmp_path_factory.mktemp("planted")
    synthetic_store(
        data, layers=1, neurons=8, heads=2, windows=24, window_length=16, exemplars_per_kind=2
    )
    app = create_app(Settings(data=data, log_level="error"))
    fill_circuits(app.state.engine, model="synthetic", layers=1, neurons=8, heads=2)
    with app.state.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE models SET n_layers = 4 WHERE name = 'synthetic'")
    with TestClient(app, follow_redirects=False) as client:
        load(client)
        planting = Planting(app, client)
        site = Site(client)
        for name in sorted(CALLS, key=lambda call: (call.startswith("DELETE"), "delete" in call)):
            try:
                CALLS[name][1](site)
            except (KeyError, IndexError, AssertionError, json.JSONDecodeError):
                continue  # one that went by what an earlier one has taken away
        yield app, planting


def test_free_text_is_planted_wherever_it_is_taken(planted: tuple[FastAPI, Planting]) -> None:
    _, planting = planted
    fields = {name for _, _, name in planting.planted}
    assert {"note", "text", "reason", "title", "name", "label", "tags"} <= fields
    assert len(planting.planted) > 25
    left = {one for one in planting.known - planting.planted if not READ_AS.fullmatch(one[2])}
    ours = sorted(one for one in left if f"{one[0]} {one[1]}" in CALLS)
    assert ours == []


def pages_of(app: FastAPI) -> dict[str, str]:
    """All that can be come to from the front page, some of each kind."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    n: dict[str, int] = {}
    waiting = deque(["/", "/audit", "/lists", "/jobs", "/search?q=script"])
    with TestClient(app, follow_redirects=False) as client:
        while waiting:
            address = waiting.popleft()
            parts = urlsplit(address)
            names = "&".join(sorted(name for name, _ in parse_qsl(parts.query)))
            kind = re.sub(r"[0-9]+|(?<=/)[\w-]{12}(?=/|$)", "#", parts.path) + "?" + names
            if address in seen or n.get(kind, 0) >= OF_A_KIND or not READING.match(address):
                continue
            seen.add(address)
            n[kind] = n.get(kind, 0) + 1
            answer = client.get(address, headers={"accept": "text/html"})
            if answer.status_code == 200 and "text/html" in answer.headers["content-type"]:
                found[address] = answer.text
                offers = Page(address, answer.text).offers()
                waiting.extend(one.address for one in offers if one.method == "GET")
    return found


@pytest.fixture(scope="module")
def read(planted: tuple[FastAPI, Planting]) -> dict[str, str]:
    return pages_of(planted[0])


def test_every_page_shows_it_as_text(read: dict[str, str]) -> None:
    assert [address for address, page in read.items() if RAW.search(page)] == []
    showing = [address for address, page in read.items() if "&lt;script&gt;alert" in page]
    assert len(showing) > 8


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def test_no_script_that_somebody_stored_runs(
    planted: tuple[FastAPI, Planting], read: dict[str, str], chromium: Browser
) -> None:
    """Neither as the page comes, nor as its own scripts draw it."""
    ran: list[str] = []
    showing = [address for address, page in read.items() if "script&gt;alert" in page]
    with serving(planted[0]) as url:
        context = chromium.new_context(base_url=url)
        page = context.new_page()
        page.on("dialog", lambda dialog: (ran.append(page.url), dialog.dismiss()))
        page.on(
            "console",
            lambda said: ran.append(said.text) if "Content Security Policy" in said.text else None,
        )
        for address in showing[:MOST_OPENED]:
            page.goto(address, wait_until="load")
            assert page.locator("script:not([src])").count() == 0, address
            assert page.locator("img[onerror], svg[onload]").count() == 0, address
        context.close()
    assert ran == []
