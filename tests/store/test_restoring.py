import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, func, select
from sqlalchemy.exc import OperationalError

from app.errors import ConflictError, UnavailableError
from app.settings import Settings
from app.store.accounts.logins import begin_login, person_of_login
from app.store.accounts.people import create_account, disable
from app.store.accounts.tokens import create_token, person_of_token
from app.store.audit.verifying import verify
from app.store.backup import backup
from app.store.checking import check
from app.store.engine import open_engine, open_session
from app.store.migrating import downgrade, head_revision, upgrade
from app.store.queries.search import search
from app.store.restoring import restore
from app.store.synthetic import fill_synthetic
from app.store.tables import AccountTable, Base, ExplanationTable
from tests.store.audit_log import rows


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(
    request: pytest.FixtureRequest,
    postgresql: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    monkeypatch.setenv("PATH", f"{postgresql.programs}{os.pathsep}{os.environ['PATH']}")
    data = tmp_path / "data"
    if request.param == "sqlite":
        return Settings(data=data)
    return Settings(data=data, database_url=postgresql.create())


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """Of a store with the account `ada`."""
    engine = open_engine(settings)
    upgrade(engine)
    add(engine, "ada")
    yield engine
    engine.dispose()


@pytest.fixture
def copy(engine: Engine, tmp_path: Path) -> Path:
    return backup(engine, tmp_path / "copy")


def add(engine: Engine, name: str) -> None:
    with open_session(engine, commit=True) as session:
        create_account(session, name=name)


def names(engine: Engine) -> set[str]:
    with open_session(engine) as session:
        return set(session.scalars(select(AccountTable.name)))


def test_what_came_after_the_copy_is_gone_from_the_store_and_kept_beside_it(
    settings: Settings, engine: Engine, copy: Path
) -> None:
    add(engine, "grace")
    done = restore(settings, copy, replace=True)
    assert names(engine) == {"ada"}
    assert done.kept is not None
    assert done.kept.parent == settings.data / "backups"
    restore(settings, done.kept, replace=True)
    assert names(engine) == {"ada", "grace"}


def test_a_store_that_is_there_is_not_replaced_unasked(
    settings: Settings, engine: Engine, copy: Path
) -> None:
    add(engine, "grace")
    with pytest.raises(ConflictError, match="There is a store already"):
        restore(settings, copy)
    assert names(engine) == {"ada", "grace"}


def test_the_log_goes_on_after_the_copy_and_tells_of_it(
    settings: Settings, engine: Engine, copy: Path
) -> None:
    done = restore(settings, copy, replace=True)
    assert (done.log.fault, done.log.n_rows) == (None, 1)
    assert [row["action"] for row in rows(engine)] == ["account.created", "database.restored"]
    assert verify(engine).fault is None


def test_logins_that_the_copy_brings_back_let_nobody_in(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    with open_session(engine, commit=True) as session:
        account = session.scalars(select(AccountTable.id)).one()
        secret = begin_login(session, account_id=account, device="test", lasts=timedelta(days=1))
    done = restore(settings, backup(engine, tmp_path / "copy"), replace=True)
    assert done.n_logins == 1
    with open_session(engine) as session:
        assert person_of_login(session, secret=secret) is None


def test_tokens_that_the_copy_brings_back_let_nobody_in_unless_they_are_to(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    with open_session(engine, commit=True) as session:
        account = session.scalars(select(AccountTable.id)).one()
        secret = create_token(session, account_id=account, name="t", scopes=["see"], lasts=None)
    copy = backup(engine, tmp_path / "copy")
    assert restore(settings, copy, replace=True, keep_tokens=True).n_tokens == 1
    with open_session(engine) as session:
        assert person_of_token(session, secret=secret) is not None
    assert restore(settings, copy, replace=True).n_tokens == 1
    with open_session(engine) as session:
        assert person_of_token(session, secret=secret) is None


def test_accounts_that_are_disabled_stay_so(settings: Settings, engine: Engine, copy: Path) -> None:
    add(engine, "root")
    with open_session(engine, commit=True) as session:
        disable(session, name="ada")
    restore(settings, copy, replace=True)
    with open_session(engine) as session:
        assert session.scalars(select(AccountTable.disabled_at)).one() is not None


def test_a_copy_of_an_older_version_is_brought_up_to_date(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    downgrade(engine, "2026_11_23_accounts")
    copy = backup(engine, tmp_path / "copy")
    upgrade(engine)
    done = restore(settings, copy, replace=True)
    assert done.upgraded_to == head_revision()
    assert names(engine) == {"ada"}


@pytest.mark.parametrize("what", ["nothing", "a text", "half", "another"])
def test_what_is_no_copy_changes_nothing(
    settings: Settings, engine: Engine, copy: Path, postgresql: Any, tmp_path: Path, what: str
) -> None:
    made: dict[str, Callable[[], object]] = {
        "nothing": copy.unlink,
        "a text": lambda: copy.write_text("not a store " * 999),
        "half": lambda: copy.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2]),
        "another": lambda: copy.write_bytes(
            empty_store(settings, postgresql, tmp_path).read_bytes()
        ),
    }
    made[what]()
    with pytest.raises(UnavailableError):
        restore(settings, copy, replace=True)
    assert names(engine) == {"ada"}
    assert not list(settings.data.glob(".*restoring*"))


def empty_store(settings: Settings, postgresql: Any, tmp_path: Path) -> Path:
    """A copy of a database that Patchclamp never set up."""
    url = None if settings.database_url is None else postgresql.create()
    other = open_engine(Settings(data=tmp_path / "empty", database_url=url))
    try:
        with other.connect():
            return backup(other, tmp_path / "empty-copy")
    finally:
        other.dispose()


def test_a_log_under_a_lost_key_is_restored_only_on_demand(
    settings: Settings, engine: Engine, copy: Path
) -> None:
    (settings.data / "audit.key").write_text("a" * 64)
    engine.dispose()
    with pytest.raises(ConflictError, match="another key"):
        restore(settings, copy, replace=True)
    assert names(engine) == {"ada"}


def test_a_damaged_file_is_set_aside_and_replaced(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    engine = open_engine(settings)
    upgrade(engine)
    add(engine, "ada")
    copy = backup(engine, tmp_path / "copy")
    engine.dispose()
    place = settings.data / "store.sqlite"
    place.write_bytes(b"\xff" * 50_000)
    done = restore(settings, copy, replace=True)
    assert done.kept is not None
    assert done.kept.read_bytes() == b"\xff" * 50_000
    assert names(open_engine(settings)) == {"ada"}


def test_a_store_moves_from_a_file_to_postgresql_whole(
    postgresql: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{postgresql.programs}{os.pathsep}{os.environ['PATH']}")
    before = Settings(data=tmp_path / "data")
    file = open_engine(before)
    upgrade(file)
    fill_synthetic(file, data=before.data, layers=2, neurons=16, heads=2, windows=32)
    add(file, "ada")
    after = Settings(data=before.data, database_url=postgresql.create())
    done = restore(after, backup(file, tmp_path / "copy.sqlite"))
    assert (done.kept, done.log.fault) == (None, None)
    server = open_engine(after)
    assert check(server, data=after.data, deep=True) == []
    assert verify(server).fault is None
    for table in Base.metadata.sorted_tables:
        if table.name not in {"audit", "audit_head"}:
            assert contents(server, table) == contents(file, table), table.name
    assert found_by(file)
    assert found_by(server) == found_by(file)
    add(server, "grace")
    with open_session(server) as session:
        grace = session.scalars(select(AccountTable.id).where(AccountTable.name == "grace")).one()
    assert grace == 2


def contents(engine: Engine, table: Table) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return sorted(map(tuple, connection.execute(select(table))), key=repr)


def found_by(engine: Engine) -> object:
    with open_session(engine) as session:
        (text,) = session.scalars(select(ExplanationTable.text).limit(1))
        return search(session, query=text.split()[0], limit=50).model_dump(exclude={"seconds"})


def test_an_archive_of_postgresql_is_no_file_for_sqlite(tmp_path: Path) -> None:
    (tmp_path / "copy.dump").write_bytes(b"PGDMP\x01")
    with pytest.raises(UnavailableError, match="is of a PostgreSQL store"):
        restore(Settings(data=tmp_path / "data"), tmp_path / "copy.dump")


def test_a_copy_made_under_load_is_a_moment_of_the_store_and_restored_under_load_verifies(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    """Each account comes with its row in the log, in one transaction; so in the copy as well."""
    acknowledged: list[str] = []
    stop = threading.Event()

    def work(worker: int) -> None:
        number = 0
        while not stop.is_set():
            name = f"w{worker}-{number}"
            try:
                add(engine, name)
            except (UnavailableError, OperationalError):
                continue  # was told that it did not work
            acknowledged.append(name)
            number += 1

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(3)]
    for worker in workers:
        worker.start()
    try:
        while len(acknowledged) < 30:
            stop.wait(0.01)
        before = set(acknowledged)
        copy = backup(engine, tmp_path / "copy")
        while len(acknowledged) < len(before) + 60:
            stop.wait(0.01)
        done = restore(settings, copy, replace=True)
        restored = done.log.n_rows
        so_far = len(acknowledged)
        while len(acknowledged) < so_far + 10:
            stop.wait(0.01)
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    assert restored >= len(before) + 1
    there = names(engine)
    assert before <= there
    assert set(acknowledged[so_far + 6 :]) <= there
    with open_session(engine) as session:
        n_accounts = session.scalar(select(func.count()).select_from(AccountTable))
    found = verify(engine)
    assert (found.fault, found.n_rows) == (None, n_accounts + 1)
    assert done.kept is not None
    restore(settings, done.kept, replace=True)
    lost = set(acknowledged) - there - names(engine)
    # SQLite lets writers in for a moment between the copy of what was there and its replacement
    assert not lost or engine.dialect.name == "sqlite"
