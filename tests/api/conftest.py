"""An application over a migrated, empty store; and one over a synthetic store, filled once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.migrating import upgrade


@pytest.fixture
def empty_app(tmp_path: Path) -> FastAPI:
    app = create_app(Settings(data=tmp_path, log_level="critical"))
    upgrade(app.state.engine)
    return app


@pytest.fixture
def empty(empty_app: FastAPI) -> Iterator[TestClient]:
    with TestClient(empty_app) as client:
        yield client
