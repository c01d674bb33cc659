"""What a request is given: the settings and a session of the store, closed when it is answered."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.settings import Settings
from app.store.engine import open_session


def get_app_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def get_engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def open_read_session(engine: Annotated[Engine, Depends(get_engine)]) -> Iterator[Session]:
    with open_session(engine) as session:
        yield session


def open_write_session(engine: Annotated[Engine, Depends(get_engine)]) -> Iterator[Session]:
    """The one place where a request commits: after the handler, before the answer leaves."""
    with open_session(engine, commit=True) as session:
        yield session


AppSettings = Annotated[Settings, Depends(get_app_settings)]
StoreEngine = Annotated[Engine, Depends(get_engine)]
ReadSession = Annotated[Session, Depends(open_read_session, scope="function")]
WriteSession = Annotated[Session, Depends(open_write_session, scope="function")]
