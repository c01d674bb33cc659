"""What the store writes is for its owner's eyes only."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.store.backup import backup
from app.store.engine import begin, open_engine
from app.store.migrating import upgrade


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """A user whose new files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_the_data_folder_and_every_file_of_the_store_are_private(tmp_path: Path) -> None:
    data = tmp_path / "new"
    engine = open_engine(Settings(data=data))
    upgrade(engine)
    with begin(engine) as connection:
        connection.exec_driver_sql("DELETE FROM workers")
        assert mode(data) == "0o700"
        files = {path.name: mode(path) for path in data.iterdir()}
    assert files == {
        "store.sqlite": "0o600", "store.sqlite-wal": "0o600", "store.sqlite-shm": "0o600",
    }  # fmt: skip


def test_a_copy_is_private(tmp_path: Path) -> None:
    engine = open_engine(Settings(data=tmp_path / "new"))
    upgrade(engine)
    assert mode(backup(engine, tmp_path / "copy.sqlite")) == "0o600"


def test_a_folder_that_was_there_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    upgrade(open_engine(Settings(data=tmp_path)))
    assert mode(tmp_path) == "0o750"
    assert mode(tmp_path / "store.sqlite") == "0o600"


def test_the_data_folder_beside_a_postgresql_store_is_private(tmp_path: Path) -> None:
    open_engine(Settings(data=tmp_path / "new", database_url="postgresql://127.0.0.1:1/none"))
    assert mode(tmp_path / "new") == "0o700"


def test_folders_that_the_data_folder_lies_in_are_private_whatever_the_store(
    tmp_path: Path,
) -> None:
    data = tmp_path / "one" / "two" / "data"
    open_engine(Settings(data=data, database_url=f"sqlite:///{tmp_path}/elsewhere/store.sqlite"))
    made = (data, data.parent, data.parent.parent, tmp_path / "elsewhere")
    assert {mode(folder) for folder in made} == {"0o700"}
