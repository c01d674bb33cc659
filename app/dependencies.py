"""What a request is given: the settings and a session of the store, closed when it is answered.

Few requests write at once: while another process keeps the store locked, they wait in a few
threads, and those behind them outside of any thread, so that readers are not held up. What takes
long, such as scoring a program, is done before a request waits for its turn to write.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any, Final, TypeVar

import anyio
import anyio.from_thread
from fastapi import Depends, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.deadline import Deadline
from app.errors import UnavailableError
from app.inference.client import InferenceClient
from app.inference.connection import State
from app.places import Places
from app.settings import Settings
from app.store.audit.noting import NOBODY, By, note
from app.store.engine import open_session

T = TypeVar("T")

WRITERS: Final = 4
"""Requests that write at once."""
TURN_SECONDS: Final = 3.0
RETRY_SECONDS: Final = 2
PROGRAMS: Final = 2
"""That are run at once: each keeps a thread and a core busy."""


class WriterQueue:
    """Lets a few requests write at a time; the others wait for their turn, and not for long."""

    def __init__(self, *, writers: int = WRITERS, seconds: float = TURN_SECONDS) -> None:
        self._turns = anyio.Semaphore(writers)
        self._seconds = seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        await self.enter()
        try:
            yield
        finally:
            self.leave()

    async def enter(self) -> None:
        """Waits for a turn. UnavailableError: none came in time."""
        try:
            with anyio.fail_after(self._seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise UnavailableError(
                "The store is busy: many requests wait to write to it.",
                hint="Try again in a moment.",
                retry_after=RETRY_SECONDS,
            ) from None

    def leave(self) -> None:
        self._turns.release()


class Writer:
    """For those who work before they write: they ask for their turn when they are ready."""

    def __init__(self, engine: Engine, queue: WriterQueue, *, by: By) -> None:
        self._engine = engine
        self._queue = queue
        self._by = by

    async def write(self, work: Callable[[Session], T]) -> T:
        """What `work` comes to, in a thread and committed; waits for the turn without a thread.
        UnavailableError: other writers took too long."""
        async with self._queue.turn():
            return await run_in_threadpool(self._committed, work)

    def _committed(self, work: Callable[[Session], T]) -> T:
        with open_session(self._engine, commit=True, by=self._by) as session:
            return work(session)

    def note(self, **said: Any) -> None:  # noqa: ANN401 - as of `noting.note`
        """What changes nothing in the store, such as an export, before it happens."""
        with self.session() as session:
            note(session, **said)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """In the thread of a handler; waits there, so whoever asks holds one of few places. Commits
        at the end of the block. UnavailableError: other writers took too long."""
        anyio.from_thread.run(self._queue.enter)
        try:
            with open_session(self._engine, commit=True, by=self._by) as session:
                yield session
        finally:
            anyio.from_thread.run_sync(self._queue.leave)


def program_places() -> Places:
    """The programs that one application runs at once while somebody waits."""
    return Places(
        PROGRAMS,
        told="programs are being run",
        hint="Wait until one has ended; it takes about a second.",
    )


async def get_program_places(request: Request) -> Places:
    """A handler takes one once it knows that there is a program to run."""
    places: Places = request.app.state.programs
    return places


async def get_reading_places(request: Request) -> Places:
    """A handler takes one while it reads a file that was sent."""
    places: Places = request.app.state.readings
    return places


async def get_app_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def get_inference(request: Request) -> InferenceClient:
    """Asks for what needs a loaded model; raises InferenceError where no service runs."""
    client: InferenceClient = request.app.state.inference
    return client


async def get_inference_state(
    inference: Annotated[InferenceClient, Depends(get_inference)],
) -> State:
    return await inference.state()


async def get_engine(request: Request) -> Engine:
    """Asynchronous, because others would be called in another thread."""
    engine: Engine = request.app.state.engine
    return engine


async def open_read_session(
    engine: Annotated[Engine, Depends(get_engine)],
) -> AsyncIterator[Session]:
    """Opening a session connects to nothing yet. Closing one asks a PostgreSQL server, for which
    another thread waits; of SQLite it takes less time than going to that thread."""
    opened = open_session(engine)
    if engine.dialect.name == "sqlite":
        with opened as session:
            yield session
    else:
        async with contextmanager_in_threadpool(opened) as session:
            yield session


async def start_deadline(settings: Annotated[Settings, Depends(get_app_settings)]) -> Deadline:
    return Deadline(settings.program_seconds)


async def get_by(request: Request) -> By:
    """Who writes. The guard of every route has found them; nobody is where anybody may go."""
    actor: Actor | None = getattr(request.state, "actor", None)
    return NOBODY if actor is None else actor.by


async def get_writer(
    request: Request,
    engine: Annotated[Engine, Depends(get_engine)],
    by: Annotated[By, Depends(get_by)],
) -> Writer:
    return Writer(engine, request.app.state.writers, by=by)


async def open_write_session(
    request: Request,
    engine: Annotated[Engine, Depends(get_engine)],
    by: Annotated[By, Depends(get_by)],
) -> AsyncIterator[Session]:
    """Where most requests commit: after the handler, before the answer leaves."""
    writers: WriterQueue = request.app.state.writers
    async with (
        writers.turn(),
        contextmanager_in_threadpool(open_session(engine, commit=True, by=by)) as session,
    ):
        yield session


AppSettings = Annotated[Settings, Depends(get_app_settings)]
Inference = Annotated[InferenceClient, Depends(get_inference)]
InferenceState = Annotated[State, Depends(get_inference_state)]
StoreEngine = Annotated[Engine, Depends(get_engine)]
ReadSession = Annotated[Session, Depends(open_read_session, scope="function")]
ProgramDeadline = Annotated[Deadline, Depends(start_deadline)]
ProgramPlaces = Annotated[Places, Depends(get_program_places)]
StoreWriter = Annotated[Writer, Depends(get_writer)]
ReadingPlaces = Annotated[Places, Depends(get_reading_places)]
WriteSession = Annotated[Session, Depends(open_write_session, scope="function")]
