"""An application over a migrated, empty store; and one over a synthetic store, filled once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.bench.serving import serving
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
    """Read by many tests; those that write take `empty_app`. Its streams of news end at once, as
    while it stops: its routes are walked."""
    data = tmp_path_factory.mktemp("api")
    app = create_app(Settings(data=data, log_level="info"))
    app.state.watching.close()
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


@pytest.fixture(scope="session")
def filled_url(filled_app: FastAPI) -> Iterator[str]:
    with serving(filled_app) as url:
        yield url


@pytest.fixture
def empty_url(empty_app: FastAPI) -> Iterator[str]:
    with serving(empty_app) as url:
        yield url
