"""A small synthetic store with pools, of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.settings import Settings
from app.store.engine import open_engine
from app.store.migrating import upgrade
from app.store.synthetic import fill_synthetic


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Engine]:
    """Its data folder is the test's."""
    engine = open_engine(Settings(data=tmp_path))
    upgrade(engine)
    fill_synthetic(
        engine, data=tmp_path, layers=1, neurons=8, heads=2, windows=48, window_length=16
    )
    yield engine
    engine.dispose()
