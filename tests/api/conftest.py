"""An application over a migrated, empty store; and one over a synthetic store, filled once."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.synthetic import SyntheticModel, fill_synthetic
from tests.kept import migrate


@pytest.fixture
def empty_app(tmp_path: Path) -> FastAPI:
    app = create_app(Settings(data=tmp_path, log_level="info"))
    migrate(app.state.engine)
    return app


@pytest.fixture
def empty(empty_app: FastAPI) -> Iterator[TestClient]:
    with TestClient(empty_app) as client:
        yield client


@pytest.fixture(scope="session")
def filled_app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Read by many tests; those that write take `empty_app`."""
    data = tmp_path_factory.mktemp("api")
    app = create_app(Settings(data=data, log_level="info"))
    migrate(app.state.engine)
    app.state.synthetic = fill_synthetic(
        app.state.engine,
        data=data,
        models=2,
        layers=2,
        neurons=24,
        heads=3,
        windows=60,
        window_length=32,
        exemplars_per_kind=4,
    )
    return app


@pytest.fixture(scope="session")
def filled(filled_app: FastAPI) -> Iterator[TestClient]:
    with TestClient(filled_app) as client:
        yield client


@pytest.fixture(scope="session")
def synthetic(filled_app: FastAPI) -> SyntheticModel:
    model: SyntheticModel = filled_app.state.synthetic[0]
    return model


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The application behind a real server on a free port of loopback; gives its base URL."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="session")
def filled_url(filled_app: FastAPI) -> Iterator[str]:
    with serving(filled_app) as url:
        yield url


@pytest.fixture
def empty_url(empty_app: FastAPI) -> Iterator[str]:
    with serving(empty_app) as url:
        yield url
