import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from app.errors import ConflictError, UnavailableError
from app.settings import Settings
from app.store.backup import backup
from app.store.engine import begin, open_engine, open_session
from app.store.migrating import upgrade
from app.store.tables import CorpusTable
from tests.store import rows


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Engine:
    engine = open_engine(Settings(data=tmp_path / "data #1?"))
    upgrade(engine)
    with open_session(engine, commit=True) as session:
        session.add(rows.corpus())
    return engine


@pytest.fixture
def postgresql_engine(postgresql: Any, tmp_path: Path) -> Engine:
    engine = open_engine(Settings(data=tmp_path, database_url=postgresql.create()))
    upgrade(engine)
    return engine


def test_a_copy_is_one_whole_file(sqlite_engine: Engine, tmp_path: Path):
    target = backup(sqlite_engine, tmp_path / "copies" / "copy.sqlite")
    assert [path.name for path in target.parent.iterdir()] == ["copy.sqlite"]
    copy = sqlite3.connect(target)
    assert copy.execute("SELECT name FROM corpora").fetchall() == [("starter",)]
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_copy_can_be_made_while_others_write(sqlite_engine: Engine, tmp_path: Path):
    with begin(sqlite_engine) as connection:
        connection.exec_driver_sql("UPDATE corpora SET title = 'half written'")
        target = backup(sqlite_engine, tmp_path / "copy.sqlite")
    copy = open_engine(Settings(data=tmp_path, database_url=f"sqlite:///{target}"))
    with open_session(copy) as session:
        assert session.query(CorpusTable).one().title == "T"


def test_nothing_is_ever_overwritten(sqlite_engine: Engine, tmp_path: Path):
    (tmp_path / "copy.sqlite").write_text("mine")
    with pytest.raises(ConflictError):
        backup(sqlite_engine, tmp_path / "copy.sqlite")
    assert (tmp_path / "copy.sqlite").read_text() == "mine"


def test_a_damaged_store_gives_no_copy(sqlite_engine: Engine, tmp_path: Path):
    sqlite_engine.dispose()
    path = Path(str(sqlite_engine.url.database))
    content = bytearray(path.read_bytes())
    content[8192 * 3 : 8192 * 9] = b"\xff" * 8192 * 6
    path.write_bytes(content)
    with pytest.raises(UnavailableError, match="damaged"):
        backup(sqlite_engine, tmp_path / "copy.sqlite")
    assert not list(tmp_path.glob("*copy*"))


def test_a_postgresql_store_is_dumped(
    postgresql_engine: Engine, postgresql: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(postgresql.programs))
    target = backup(postgresql_engine, tmp_path / "copy.dump")
    listing = subprocess.run(
        [postgresql.programs / "pg_restore", "--list", target],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "unit_statistics" in listing.stdout


def test_without_pg_dump_the_program_is_named(
    postgresql_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UnavailableError, match="pg_dump"):
        backup(postgresql_engine, tmp_path / "copy.dump")


def test_what_pg_dump_complains_about_is_passed_on(
    postgresql_engine: Engine, postgresql: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(postgresql.programs))
    gone = open_engine(
        Settings(
            data=tmp_path,
            database_url=str(postgresql_engine.url.render_as_string(hide_password=False))
            .replace("+psycopg", "")
            .replace(str(postgresql_engine.url.database), "no_such_database"),
        )
    )
    with pytest.raises(UnavailableError, match="no_such_database"):
        backup(gone, tmp_path / "copy.dump")
    assert not list(tmp_path.glob("*copy*"))
