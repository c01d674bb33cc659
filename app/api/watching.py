"""Who watches what others do: one reading of the news for all who watch, and not too many.

While anybody watches, one task of the process asks the store a few times a second what was noted
since it last asked, in one thread of its own, and puts what concerns them before each watcher; that
is one small query, however many watch. A watcher that waits holds neither a connection to the store
nor a thread, and of what it has not fetched yet the same is kept once: a slow one is told less
often, never later. What happened before it came it reads for itself, once. Each few seconds, and as
soon as a login, role, token or account changes, all are looked up again: who may not watch any more
is shown out.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar, TypeVarTuple

import anyio
import structlog
from anyio import to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.auth.actor import Actor
from app.auth.identifying import Doors
from app.auth.rights import Right
from app.errors import PatchclampError, TooManyError
from app.places import Places
from app.store.accounts.standing import Shown, shown_by, still_in
from app.store.engine import open_session
from app.store.queries.news import MOST, News, newest_news, read_news
from app.store.views.account import Person
from app.store.views.news import NewsView

log = structlog.get_logger("patchclamp.web")

Found = TypeVar("Found")
Given = TypeVarTuple("Given")

POLL_SECONDS: Final = 0.25
CHECK_SECONDS: Final = 2.0
"""So often it is asked whether those who watch still may."""
MOST_WAITING: Final = 100
"""Different things that wait for one watcher; more become `everything`."""
MOST_OF_ONE: Final = 20
"""Streams of one account."""
MOST_MISSED: Final = 2_000
"""Rows of the log that somebody who comes back is told of one by one."""
RETRY_SECONDS: Final = 10
EVERYTHING: Final = NewsView(kind="everything")


@dataclass(frozen=True)
class Wanted:
    """What one watches besides one's own inbox; None: any."""

    model: str | None = None
    site: str | None = None
    index: int | None = None
    circuit: str | None = None

    def has(self, view: NewsView) -> bool:
        if self.model is None or view.model != self.model:
            return False
        if view.kind == "campaigns":
            return True
        if self.circuit is not None:
            return view.circuit == self.circuit
        return (self.site in (None, view.site)) and (self.index in (None, view.index))


@dataclass(eq=False)
class Watcher:
    """One open stream, and what waits for it."""

    actor: Actor
    wanted: Wanted
    is_over: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: dict[NewsView, int] = field(default_factory=dict)
    """What has happened, and the last row of the log that it did in."""

    def tell(self, item: News) -> None:
        if self.actor.name in item.recipients:
            self._put(NewsView(kind="inbox"), item.id)
        if item.view is not None and self.wanted.has(item.view):
            self._put(item.view, item.id)

    def _put(self, view: NewsView, number: int) -> None:
        self.waiting.pop(view, None)  # so that ids come in order
        self.waiting[view] = number
        if len(self.waiting) > MOST_WAITING:
            self.waiting = {EVERYTHING: number}
        self.news.set()

    def end(self) -> None:
        self.is_over = True
        self.news.set()

    async def follow(self) -> AsyncIterator[tuple[int, NewsView]]:
        """What happens and in which row of the log, until they may not watch any more."""
        while True:
            await self.news.wait()
            self.news.clear()
            if self.is_over:  # and is told nothing of what happened since
                return
            waiting, self.waiting = self.waiting, {}
            for view, number in waiting.items():
                yield number, view

    def may_watch(self) -> bool:
        return self.wanted.model is None or self.actor.may(Right.SEE, self.wanted.model)


class Watching:
    """All open streams of one application."""

    def __init__(self, engine: Engine, doors: Doors, *, most: int) -> None:
        self._engine = engine
        self._doors = doors
        self._places = Places(
            most,
            told="pages are live",
            hint="Close some; PATCHCLAMP_MOST_LIVE sets how many there may be.",
        )
        self._watchers: set[Watcher] = set()
        self._of_one: Counter[str] = Counter()
        self._last = 0
        self._task: asyncio.Task[None] | None = None
        self._reader = anyio.CapacityLimiter(1)
        self._starting = anyio.Lock()
        self._is_closing = False

    @asynccontextmanager
    async def watch(
        self, actor: Actor, wanted: Wanted, *, after: int | None
    ) -> AsyncIterator[Watcher]:
        """`after`: the last row of the log that they know; None: they ask for what comes.
        TooManyError: too many watch."""
        if self._of_one[actor.name] >= MOST_OF_ONE:
            raise TooManyError(
                f"{MOST_OF_ONE} pages of yours are live; no more are taken.",
                hint="Close some.",
                retry_after=RETRY_SECONDS,
            )
        with self._places.taken():
            self._of_one[actor.name] += 1
            watcher = Watcher(actor, wanted)
            try:
                await self._join(watcher, after)
                yield watcher
            finally:
                self._watchers.discard(watcher)
                self._of_one[actor.name] -= 1
                if not self._of_one[actor.name]:
                    del self._of_one[actor.name]

    def close(self) -> None:
        """All streams end within a moment: the server is about to stop. May be called from a
        handler of signals."""
        self._is_closing = True

    @property
    def n_open(self) -> int:
        return len(self._watchers)

    async def _join(self, watcher: Watcher, after: int | None) -> None:
        """From the row up to which all others are told, with what was before it read at once."""
        async with self._starting:
            if self._task is None or self._task.done():
                self._last = await self._in_thread(_newest, self._engine)
                self._task = asyncio.create_task(self._run())
            self._watchers.add(watcher)
            known, last = after, self._last
        if known is None or known >= last:
            return
        missed: list[News] = []
        while known < last and len(missed) < MOST_MISSED:
            found = await self._in_thread(_read, self._engine, known)
            if not found:
                break
            missed += [item for item in found if item.id <= last]
            known = found[-1].id
        later, watcher.waiting = watcher.waiting, {}
        if known < last:
            watcher.waiting[EVERYTHING] = last
            watcher.news.set()
        else:
            for item in missed:
                watcher.tell(item)
        watcher.waiting |= later

    async def _run(self) -> None:
        """Until nobody watches, or the server stops."""
        checked_at = time.monotonic()
        try:
            while self._watchers and not self._is_closing:
                await anyio.sleep(POLL_SECONDS)
                try:
                    found = await self._in_thread(_read, self._engine, self._last)
                    is_due = time.monotonic() - checked_at >= CHECK_SECONDS
                    if is_due or any(item.is_about_access for item in found):
                        await self._check()
                        checked_at = time.monotonic()
                except (PatchclampError, SQLAlchemyError) as error:
                    log.warning("watching.store_unavailable", error=str(error))
                    continue
                for item in found:
                    for watcher in self._watchers:
                        watcher.tell(item)
                self._last = found[-1].id if found else self._last
        finally:  # nobody waits for a task that is no more
            for watcher in self._watchers:
                watcher.end()

    async def _check(self) -> None:
        """Shows out who may not watch any more; before anything new is told."""
        people: dict[Shown, Person] = {}
        for watcher in self._watchers:
            if watcher.actor.person is not None:
                people[shown_by(watcher.actor.person)] = watcher.actor.person
        found = await self._in_thread(_still_in, self._engine, list(people.values()))
        are_closed = await self._in_thread(self._doors.are_closed)
        for watcher in list(self._watchers):
            person = watcher.actor.person
            if person is None:
                if are_closed:
                    watcher.end()
                continue
            known = found.get(shown_by(person))
            if known is None:
                watcher.end()
                continue
            watcher.actor = watcher.actor.model_copy(update={"person": known})
            if not watcher.may_watch():
                watcher.end()

    async def _in_thread(self, work: Callable[[*Given], Found], *arguments: *Given) -> Found:
        return await to_thread.run_sync(work, *arguments, limiter=self._reader)


def _newest(engine: Engine) -> int:
    with open_session(engine) as session:
        return newest_news(session)


def _read(engine: Engine, after: int) -> list[News]:
    with open_session(engine) as session:
        return read_news(session, after=after, most=MOST)


def _still_in(engine: Engine, people: list[Person]) -> dict[Shown, Person]:
    if not people:
        return {}
    with open_session(engine) as session:
        return still_in(session, people)
