import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.errors import UnavailableError
from app.settings import Settings
from app.store.engine import begin, open_engine, open_session
from app.store.migrating import upgrade
from app.store.queries.corpus import list_corpora
from app.store.tables import CorpusTable
from tests.store import rows

WRITER = """
import sys
from pathlib import Path
from sqlalchemy import text
from app.settings import Settings
from app.store.engine import begin, open_engine
engine = open_engine(Settings(data=Path(sys.argv[1])))
for n in range(int(sys.argv[3])):
    with begin(engine) as connection:
        count = connection.execute(text("SELECT n_documents FROM corpora")).scalar_one()
        connection.execute(text("UPDATE corpora SET n_documents = :n"), {"n": count + 1})
        connection.execute(
            text("INSERT INTO workers VALUES (:id, 'h', 1, '2026-01-01', '2026-01-01')"),
            {"id": f"{sys.argv[2]} {n}"},
        )
print("done")
"""


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Engine]:
    """An engine that waits a fifth of a second for a lock; its store has one corpus."""
    engine = open_engine(Settings(data=tmp_path), busy_seconds=0.2)
    upgrade(engine)
    with open_session(engine, commit=True) as session:
        session.add(rows.corpus())
    yield engine
    engine.dispose()


def test_a_writer_waits_for_the_lock_and_then_says_who_to_wait_for(hasty: Engine):
    with closing(sqlite3.connect(str(hasty.url.database), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        with pytest.raises(UnavailableError, match="another process") as caught, begin(hasty):
            pass
        assert 0.15 < time.monotonic() - started < 5
        assert "Wait for the other process" in str(caught.value.hint)
        other.execute("ROLLBACK")
    with begin(hasty) as connection:  # nothing is left broken
        connection.execute(text("UPDATE corpora SET title = 'after'"))


def test_readers_are_not_held_up_by_a_writer(hasty: Engine):
    with closing(sqlite3.connect(str(hasty.url.database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE corpora SET title = 'half written'")
        with open_session(hasty) as session:
            assert [corpus.title for corpus in list_corpora(session)] == ["T"]


def test_a_migration_waits_for_the_lock_too(tmp_path: Path):
    engine = open_engine(Settings(data=tmp_path), busy_seconds=0.2)
    with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="another process"):
            upgrade(engine)
        other.execute("ROLLBACK")
    assert upgrade(engine) is not None


def test_two_processes_write_to_one_file_without_losing_a_row(hasty: Engine, tmp_path: Path):
    each = 150
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), name, str(each)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for name in ("left", "right")
    ]
    for writer in writers:
        out, err = writer.communicate(timeout=60)
        assert (writer.returncode, out.strip()) == (0, "done"), err
    with open_session(hasty) as session:
        assert session.query(CorpusTable).one().n_documents == 1 + 2 * each
        assert session.execute(text("SELECT count(*) FROM workers")).scalar() == 2 * each


def test_postgresql_waits_for_a_migration_of_another_process(postgresql, tmp_path: Path):
    settings = Settings(data=tmp_path, database_url=postgresql.create())
    engine = open_engine(settings)
    upgrade(engine)
    with engine.begin() as one, engine.begin() as other:
        one.execute(text("SELECT pg_advisory_xact_lock(1)"))
        other.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(UnavailableError, match="locked for too long"):
            other.execute(text("SELECT pg_advisory_xact_lock(1)"))
    engine.dispose()
