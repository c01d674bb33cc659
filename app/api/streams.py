"""Who watches jobs: one reading of a job's new events for all its watchers, and not too many.

A feed polls the event table for one job, quickly while something happens and ever more slowly while
nothing does, in a few threads of its own: watchers hold up no other request. What happened before
the feed began, a watcher that comes back reads for itself, once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import anyio
import structlog
from anyio import to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.errors import PatchclampError
from app.places import Places
from app.store.ending import ENDED
from app.store.engine import open_session
from app.store.queries import job as jobs
from app.store.views.job import JobEventView

log = structlog.get_logger("patchclamp.web")

POLL_SECONDS: Final = 0.25
LONGEST_POLL_SECONDS: Final = 2.0
PATIENCE: Final = 1.5
"""By this factor a feed waits longer each time that it found nothing."""
KEPT: Final = 1000
READERS: Final = 4


class Feed:
    """The events of one job after the id `base`, as they come."""

    def __init__(
        self, engine: Engine, job_id: str, base: int, readers: anyio.CapacityLimiter
    ) -> None:
        self.base = base
        self.over = False
        """Nothing more will come: the job has ended, or the store cannot be read."""
        self.watchers = 0
        self._engine = engine
        self._job_id = job_id
        self._last = base
        self._events: deque[JobEventView] = deque()
        self._readers = readers
        self._news = asyncio.Event()

    async def poll(self) -> None:
        seconds = POLL_SECONDS
        while not self.over:
            try:
                events, ended = await self._read(self._last)
            except (PatchclampError, SQLAlchemyError) as error:
                log.warning("stream.store_unavailable", job=self._job_id, error=str(error))
                events, ended = [], True
            self._keep(events)
            if events or ended:
                self.over = ended and not events
                self._tell()
            seconds = POLL_SECONDS if events else min(PATIENCE * seconds, LONGEST_POLL_SECONDS)
            if not events and not self.over:
                await anyio.sleep(seconds)

    async def follow(self, position: int) -> AsyncIterator[JobEventView]:
        """Every event after `position`, until the last."""
        while position < self.base:
            events, _ = await self._read(position)
            for event in events:
                position = event.id
                yield event
            if not events:
                position = self.base
        while True:
            news = self._news
            for event in [event for event in self._events if event.id > position]:
                position = event.id
                yield event
            if news is self._news:
                if self.over:
                    return
                await news.wait()

    def _keep(self, events: list[JobEventView]) -> None:
        self._events.extend(events)
        self._last = events[-1].id if events else self._last
        while len(self._events) > KEPT:
            self.base = self._events.popleft().id

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _read(self, after: int) -> tuple[list[JobEventView], bool]:
        return await to_thread.run_sync(
            _read, self._engine, self._job_id, after, limiter=self._readers
        )


class EventStreams:
    """The open streams of one application."""

    def __init__(self, most: int) -> None:
        self._places = Places(
            most,
            told="streams of events are open",
            hint="Close some pages that watch jobs, or ask for the job from time to time; "
            "PATCHCLAMP_MOST_STREAMS sets how many there may be.",
        )
        self._feeds: dict[str, tuple[Feed, asyncio.Task[None]]] = {}
        self._readers = anyio.CapacityLimiter(READERS)

    @contextmanager
    def watch(self, engine: Engine, job_id: str, position: int) -> Iterator[Feed]:
        """The feed of a job, which ends with its last watcher. TooManyError: too many watch.

        The first watcher's `position` is where it begins; it must not lie beyond the job's newest
        event, or the others would miss what comes up to there.
        """
        with self._places.taken():
            feed, task = self._join(engine, job_id, position)
            feed.watchers += 1
            try:
                yield feed
            finally:
                feed.watchers -= 1
                if not feed.watchers:
                    task.cancel()
                    if self._feeds.get(job_id, (None,))[0] is feed:
                        del self._feeds[job_id]

    def _join(self, engine: Engine, job_id: str, position: int) -> tuple[Feed, asyncio.Task[None]]:
        if job_id not in self._feeds or self._feeds[job_id][0].over:
            feed = Feed(engine, job_id, position, self._readers)
            self._feeds[job_id] = feed, asyncio.create_task(feed.poll())
        return self._feeds[job_id]


def _read(engine: Engine, job_id: str, after: int) -> tuple[list[JobEventView], bool]:
    """The next events, and whether the job had ended before they were read: none can follow."""
    with open_session(engine) as session:
        ended = jobs.get_job(session, job_id=job_id).status in ENDED
        return jobs.list_events(session, job_id=job_id, after=after), ended
