"""A store with explanations, made once and only read; and empty ones of the same model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.settings import Settings
from app.store.engine import open_engine
from tests.exchange.stores import add_explained_model, add_model
from tests.kept import migrate


@pytest.fixture(scope="session")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_engine(Settings(data=tmp_path_factory.mktemp("explained")))
    migrate(engine)
    add_explained_model(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def receiving(engine: Engine) -> Engine:
    """The same model without explanations, on SQLite and on PostgreSQL."""
    add_model(engine)
    return engine


@pytest.fixture
def one_store(tmp_path: Path) -> Iterator[Engine]:
    """The same, on SQLite alone: for what no database has a part in."""
    engine = open_engine(Settings(data=tmp_path / "one-store"))
    migrate(engine)
    add_model(engine)
    yield engine
    engine.dispose()
