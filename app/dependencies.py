"""What a request is given: the settings and a session of the store, closed when it is answered.

Few requests write at once: while another process keeps the store locked, they wait in a few
threads, and those behind them outside of any thread, so that readers are not held up.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

import anyio
from fastapi import Depends, Request
from fastapi.concurrency import contextmanager_in_threadpool
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.errors import UnavailableError
from app.settings import Settings
from app.store.engine import open_session

WRITERS: Final = 4
"""Requests that write at once."""
TURN_SECONDS: Final = 3.0
RETRY_SECONDS: Final = 2


class WriterQueue:
    """Lets a few requests write at a time; the others wait for their turn, and not for long."""

    def __init__(self, *, writers: int = WRITERS, seconds: float = TURN_SECONDS) -> None:
        self._turns = anyio.Semaphore(writers)
        self._seconds = seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        try:
            with anyio.fail_after(self._seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise UnavailableError(
                "The store is busy: many requests wait to write to it.",
                hint="Try again in a moment.",
                retry_after=RETRY_SECONDS,
            ) from None
        try:
            yield
        finally:
            self._turns.release()


def get_app_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def get_engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def open_read_session(engine: Annotated[Engine, Depends(get_engine)]) -> Iterator[Session]:
    with open_session(engine) as session:
        yield session


async def open_write_session(
    request: Request, engine: Annotated[Engine, Depends(get_engine)]
) -> AsyncIterator[Session]:
    """The one place where a request commits: after the handler, before the answer leaves."""
    writers: WriterQueue = request.app.state.writers
    async with (
        writers.turn(),
        contextmanager_in_threadpool(open_session(engine, commit=True)) as session,
    ):
        yield session


AppSettings = Annotated[Settings, Depends(get_app_settings)]
StoreEngine = Annotated[Engine, Depends(get_engine)]
ReadSession = Annotated[Session, Depends(open_read_session, scope="function")]
WriteSession = Annotated[Session, Depends(open_write_session, scope="function")]
