"""Pages over a synthetic store that is filled once, and over an empty one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.bench.kept_circuits import fill_circuits
from app.main import create_app
from app.settings import Settings
from app.store.synthetic import fill_synthetic
from tests.kept import migrate, synthetic_store
from tests.pages.loaded import FakeModel
from tests.pages.playing import load

BROWSER = {"accept": "text/html,application/xhtml+xml"}


def make_app(data: Path) -> FastAPI:
    app = open_app(data)
    migrate(app.state.engine)
    return app


def open_app(data: Path) -> FastAPI:
    return create_app(Settings(data=data, log_level="error"))


def fill(app: FastAPI, data: Path) -> None:
    fill_synthetic(
        app.state.engine,
        data=data,
        models=2,
        layers=3,
        neurons=80,
        heads=3,
        windows=60,
        window_length=64,
        exemplars_per_kind=12,
    )
    fill_circuits(app.state.engine, model="synthetic", layers=3, neurons=80, heads=3)


@pytest.fixture(scope="session")
def filled_app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Only to be read."""
    data = tmp_path_factory.mktemp("pages")
    app = make_app(data)
    fill(app, data)
    return app


@pytest.fixture(scope="session")
def pages(filled_app: FastAPI) -> Iterator[TestClient]:
    with TestClient(filled_app, headers=BROWSER) as client:
        yield client


@pytest.fixture
def empty_pages(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(make_app(tmp_path), headers=BROWSER) as client:
        yield client


@pytest.fixture
def own_pages(tmp_path: Path) -> Iterator[TestClient]:
    """A filled store of the test's own, to be written to."""
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=24, window_length=16, exemplars_per_kind=2
    )
    with TestClient(open_app(tmp_path), headers=BROWSER) as client:
        yield client


@pytest.fixture
def model(own_pages: TestClient) -> FakeModel:
    """The loaded model's double behind `own_pages`."""
    return load(own_pages)
