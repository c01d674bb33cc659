"""An application whose handlers do all of their work and keep none of it."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.routing import RouteContext, iter_route_contexts
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.dependencies import get_writer, open_write_session
from app.main import create_app
from app.settings import Settings
from app.store.audit.noting import note
from app.store.engine import open_session
from tests.auth.routes.house import House, make_house
from tests.kept import copy_of

KEPT = "house.json"


class Undoing:
    """As `Writer`, without committing; counts how often anybody came to write."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def write(self, work: Callable[[Session], Any]) -> Any:
        with self.session() as session:
            return work(session)

    def note(self, **said: Any) -> None:
        with self.session() as session:
            note(session, **said)

    @contextmanager
    def session(self) -> Iterator[Session]:
        self.app.state.n_writes += 1
        with open_session(self.app.state.engine, commit=True) as session:
            yield session
            session.rollback()


def undone(app: FastAPI) -> FastAPI:
    async def opened(request: Request) -> AsyncIterator[Session]:
        with Undoing(request.app).session() as session:
            yield session

    app.state.n_writes = 0
    app.dependency_overrides[open_write_session] = opened
    app.dependency_overrides[get_writer] = lambda: Undoing(app)
    return app


def _made(folder: Path) -> None:
    (folder / KEPT).write_text(json.dumps(asdict(make_house(folder))))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of("house", _made, tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="session")
def house(data: Path) -> House:
    return House(**json.loads((data / KEPT).read_text()))


@pytest.fixture(scope="session")
def app(data: Path) -> FastAPI:
    """As while it stops: its streams of news end at once, and can be walked."""
    app = create_app(Settings(data=data, log_level="error"))
    app.state.watching.close()
    return undone(app)


@pytest.fixture(scope="session")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost:8765", follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="session")
def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of each."""
    found: list[RouteContext] = [
        one for one in iter_route_contexts(app.routes) if getattr(one, "dependant", None)
    ]
    return [(method, str(one.path)) for one in found for method in sorted(one.methods or ())]
