"""A small synthetic store with pools, of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.settings import Settings
from app.store.engine import open_engine
from tests.kept import synthetic_store


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Engine]:
    """Its data folder is the test's."""
    engine = open_engine(Settings(data=tmp_path))
    synthetic_store(tmp_path, layers=1, neurons=8, heads=2, windows=48, window_length=16)
    yield engine
    engine.dispose()
