"""Watching what others do, over real connections: many, each with its rights, none for ever."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from app.api import watching
from app.bench.serving import serving
from app.store.accounts.logins import begin_login, end_logins
from app.store.accounts.members import set_role
from app.store.accounts.people import create_account, disable
from app.store.accounts.tokens import create_token, revoke_token
from app.store.commenting import comment
from app.store.engine import open_session
from app.store.queries.news import newest_news
from app.store.topics import unit_topic
from app.store.views.account import LOCAL_OWNER
from tests.api.test_job_events import read_events
from tests.pages.team import DAY, closed_app

UNIT = {"model": "synthetic", "site": "mlp.0", "index": 3}
EVENTS = "/api/v1/events"
SECOND = 1.0


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return closed_app(tmp_path)


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with serving(app) as url:
        yield url


def come(app: FastAPI, name: str, *, model: str | None = "synthetic") -> dict[str, str]:
    """An annotator, and the headers of their browser."""
    with open_session(app.state.engine, commit=True) as session:
        account_id = create_account(session, name=name)
        set_role(session, name=name, model=model, role="annotator")
        secret = begin_login(session, account_id=account_id, device="", lasts=DAY)
    return {"x-who": name, "x-secret": secret}


def headers_of(address: str, known: dict[str, str]) -> dict[str, str]:
    port = address.rpartition(":")[2]
    return {"cookie": f"patchclamp-{port}={known['x-secret']}"}


def say(app: FastAPI, text: str = "Hm.", actor: str = "ada", index: int = 3) -> None:
    with open_session(app.state.engine, commit=True) as session:
        topic = unit_topic(session, model="synthetic", site="mlp.0", index=index)
        comment(session, topic, text=text, actor=actor)


def opened(stack: ExitStack, address: str, known: dict[str, str], **params: object):
    answer = stack.enter_context(
        httpx.stream(
            "GET", address + EVENTS, params=params, headers=headers_of(address, known), timeout=15
        )
    )
    assert answer.status_code == 200, answer.read()
    return read_events(answer)


def wait_for(app: FastAPI, n: int) -> None:
    deadline = time.monotonic() + 10
    while app.state.watching.n_open != n:
        assert time.monotonic() < deadline, app.state.watching.n_open
        time.sleep(0.02)


def newest(app: FastAPI) -> int:
    with open_session(app.state.engine) as session:
        return newest_news(session)


def test_whoever_watches_is_told_within_a_second_that_and_where(app: FastAPI, address: str):
    ada = come(app, "ada")
    with ExitStack() as stack:
        events = opened(stack, address, ada, **UNIT)
        wait_for(app, 1)
        began = time.monotonic()
        say(app, "Whales", "bo")
        told = next(events)
        assert time.monotonic() - began < SECOND
    assert told["event"] == "comments"
    assert '"site":"mlp.0","index":3' in told["data"].replace(" ", "")
    assert "Whales" not in told["data"]
    assert "bo" not in told["data"]


def test_only_of_what_was_asked_for_and_of_ones_own_inbox(app: FastAPI, address: str):
    ada = come(app, "ada")
    with ExitStack() as stack:
        events = opened(stack, address, ada, **UNIT)
        elsewhere = opened(stack, address, ada)
        wait_for(app, 2)
        say(app, "Elsewhere", "bo", index=4)
        say(app, "Here @ada", "bo")
        assert {next(events)["event"], next(events)["event"]} == {"comments", "inbox"}
        assert next(elsewhere)["event"] == "inbox"


def test_a_client_that_comes_back_is_told_what_it_missed(app: FastAPI, address: str):
    ada = come(app, "ada")
    start = newest(app)
    say(app, "One")
    say(app, "Other unit", index=4)
    with ExitStack() as stack:
        events = opened(stack, address, ada, **UNIT, after=start)
        first = next(events)
        assert (first["event"], first["id"]) == ("comments", str(start + 1))
        wait_for(app, 1)
        say(app, "Two")
        assert next(events)["id"] == str(newest(app))
    with httpx.stream(
        "GET", address + EVENTS, params=UNIT, timeout=15,
        headers={**headers_of(address, ada), "last-event-id": str(start)},
    ) as answer:  # fmt: skip
        assert next(read_events(answer))["event"] == "comments"


def test_whoever_missed_too_much_is_told_to_look_at_everything(app, address, monkeypatch):
    monkeypatch.setattr(watching, "MOST_MISSED", 3)
    monkeypatch.setattr(watching, "MOST", 2)
    ada = come(app, "ada")
    for n in range(8):
        say(app, str(n))
    with ExitStack() as stack:
        assert next(opened(stack, address, ada, **UNIT, after=0))["event"] == "everything"


def test_what_a_slow_client_has_not_fetched_is_kept_once_and_bounded(monkeypatch):
    monkeypatch.setattr(watching, "MOST_WAITING", 3)
    view = watching.NewsView(kind="comments", model="m", site="mlp.0", index=1)
    slow = watching.Watcher(actor=None, wanted=watching.Wanted("m"))  # type: ignore[arg-type]
    for number in range(10):
        slow._put(view, number)
    assert slow.waiting == {view: 9}
    for number in range(10):
        slow._put(view.model_copy(update={"index": number}), 10 + number)
    assert watching.EVERYTHING in slow.waiting
    assert len(slow.waiting) <= 3


def test_a_model_that_one_does_not_see_is_as_one_that_is_not_there(app: FastAPI, address: str):
    ada = come(app, "ada", model=None)
    with open_session(app.state.engine, commit=True) as session:
        set_role(session, name="ada", model=None, role=None)
    told = [
        httpx.get(address + EVENTS, params={"model": name}, headers=headers_of(address, ada))
        for name in ("synthetic", "synthetix")
    ]
    assert [answer.status_code for answer in told] == [404, 404]
    bodies = [answer.json()["detail"] for answer in told]
    assert bodies[0].replace("synthetic", "_") == bodies[1].replace("synthetix", "_")


@pytest.mark.parametrize("how", ["signed out", "role taken", "disabled"])
def test_a_stream_ends_when_its_reader_may_not_watch_any_more(app, address, how):
    ada = come(app, "ada")
    with ExitStack() as stack:
        events = opened(stack, address, ada, **UNIT)
        wait_for(app, 1)
        with open_session(app.state.engine, commit=True) as session:
            if how == "signed out":
                end_logins(session, account_id=1)
            elif how == "disabled":
                disable(session, name="ada")
            else:
                set_role(session, name="ada", model="synthetic", role=None)
        say(app, "Not for her eyes", "bo")
        began = time.monotonic()
        assert [one["event"] for one in events] == []
        assert time.monotonic() - began < 3


def test_a_stream_ends_with_its_token_and_when_a_login_expires(app, address, monkeypatch):
    monkeypatch.setattr(watching, "CHECK_SECONDS", 0.1)
    come(app, "ada")
    with open_session(app.state.engine, commit=True) as session:
        token = create_token(session, account_id=1, name="t", scopes=["see"], lasts=None)
        short = create_token(
            session, account_id=1, name="s", scopes=["see"], lasts=4 * DAY / 24 / 3600
        )
    with ExitStack() as stack:
        answers = [
            stack.enter_context(
                httpx.stream(
                    "GET", address + EVENTS, params={"model": "synthetic"}, timeout=15,
                    headers={"authorization": f"Bearer {secret}"},
                )
            )
            for secret in (token, short)
        ]  # fmt: skip
        wait_for(app, 2)
        with open_session(app.state.engine, commit=True) as session:
            revoke_token(session, account_id=1, token_id=1)
        for answer in answers:
            assert list(read_events(answer)) == []


def test_one_person_has_so_many_streams_and_no_more(app, address, monkeypatch):
    monkeypatch.setattr(watching, "MOST_OF_ONE", 2)
    ada, bo = come(app, "ada"), come(app, "bo")
    with ExitStack() as stack:
        for _ in range(2):
            opened(stack, address, ada)
        refused = httpx.get(address + EVENTS, headers=headers_of(address, ada))
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
        opened(stack, address, bo)
        wait_for(app, 3)
    wait_for(app, 0)
    with ExitStack() as stack:
        opened(stack, address, ada)


def test_a_hundred_streams_hold_no_thread_and_no_connection_and_cost_one_query(app, address):
    """Beside them the server answers as before; all are told, by one reading of the log."""
    known = [come(app, f"p{n}") for n in range(10)]
    statements: list[str] = []

    async def watch() -> tuple[int, int, list[str], int]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=address, timeout=20, limits=limits) as client:
            told: asyncio.Queue[str] = asyncio.Queue()
            ready: asyncio.Queue[int] = asyncio.Queue()

            async def follow(who: dict[str, str]) -> None:
                async with client.stream(
                    "GET", EVENTS, params=UNIT, headers=headers_of(address, who)
                ) as answer:
                    await ready.put(answer.status_code)
                    async for line in answer.aiter_lines():
                        if line.startswith("event:"):
                            await told.put(line)
                            return

            before = threading.active_count()
            following = [asyncio.create_task(follow(known[n % 10])) for n in range(100)]
            assert {await ready.get() for _ in following} == {200}
            await asyncio.to_thread(wait_for, app, 100)
            threads = threading.active_count() - before
            connections = app.state.engine.pool.checkedout()
            event.listen(
                app.state.engine, "before_cursor_execute",
                lambda *args: statements.append(args[2]),
            )  # fmt: skip
            answer = await client.get(
                "/api/v1/models/synthetic", headers=headers_of(address, known[0])
            )
            assert answer.status_code == 200
            await asyncio.sleep(1.5)
            polled = sum("FROM audit" in statement for statement in statements)
            await asyncio.to_thread(say, app)
            async with asyncio.timeout(5):
                heard = [await told.get() for _ in following]
            await asyncio.gather(*following)
            return threads, connections, heard, polled

    threads, connections, heard, polled = asyncio.run(watch())
    assert heard == ["event: comments"] * 100
    assert connections <= 2
    assert threads < 45  # of which the pool for handlers has 40
    assert polled <= 8


def test_all_streams_end_when_the_server_is_about_to_stop(app, address):
    ada = come(app, "ada")
    with ExitStack() as stack:
        events = opened(stack, address, ada, **UNIT)
        wait_for(app, 1)
        app.state.watching.close()
        began = time.monotonic()
        assert list(events) == []
        assert time.monotonic() - began < SECOND


def test_alone_everybody_watches_until_somebody_has_an_account(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "CHECK_SECONDS", 0.1)
    app = closed_app(tmp_path)
    app.state.doors._closed = False
    with serving(app) as url, httpx.stream("GET", url + EVENTS, params=UNIT, timeout=15) as answer:
        events = read_events(answer)
        wait_for(app, 1)
        say(app, actor=LOCAL_OWNER)
        assert next(events)["event"] == "comments"
        come(app, "ada")
        assert list(events) == []
