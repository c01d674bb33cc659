"""Opens the store: an engine per process, a session per request or job step.

SQLite runs in WAL mode (readers never wait for the writer) with foreign keys on. A session that
will write says so with `commit=True`: it takes SQLite's write lock at once and waits for it up to
the busy timeout, where a transaction that turns from reading to writing would fail on the spot.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from app.errors import BadRequestError, UnavailableError
from app.settings import Settings
from app.store import failures
from app.store.audit.keys import OPTION, Keys
from app.store.audit.noting import LOCAL, By, act_for

BUSY_SECONDS = 30.0
POOL_SECONDS = 5.0
"""How long a thread waits for a free connection; then the store is said to be busy."""
PRAGMAS = (
    "PRAGMA page_size = 8192",  # of a new file; a packed exemplar row fills 4096 badly
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32768",  # KiB per connection
    "PRAGMA mmap_size = 1073741824",
    "PRAGMA wal_autocheckpoint = 8192",  # pages: a sweep that publishes waits for the disk less
    "PRAGMA journal_size_limit = 67108864",  # a WAL that grew is cut back to 64 MiB
)


def open_engine(settings: Settings, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """The engine of the store that the settings name; makes the data folder, for its owner only,
    where it is missing.

    Nothing is connected yet: a store that cannot be used raises `UnavailableError` at first use.
    """
    try:
        url = make_url(settings.url)
    except ArgumentError as error:
        raise BadRequestError(
            "PATCHCLAMP_DATABASE_URL is not a database URL",
            hint="Use sqlite:///path/to/file or postgresql://user:password@host/name.",
        ) from error
    with suppress(UnavailableError):  # whoever writes there will tell
        make_private_folder(settings.data)
    if url.get_backend_name() == "sqlite":
        engine = _open_sqlite(settings.url, url.database, busy_seconds)
    elif url.get_backend_name() == "postgresql":
        engine = create_engine(
            url,
            pool_size=8,
            max_overflow=32,
            pool_timeout=POOL_SECONDS,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10},
        )
    else:
        raise BadRequestError(
            f"Patchclamp cannot keep its store in {url.get_backend_name()}",
            hint="Use sqlite:///path/to/file or postgresql://user:password@host/name.",
        )
    failures.watch(engine)
    engine.update_execution_options(**{OPTION: Keys(settings.audit_key, settings.data)})
    return engine


@contextmanager
def open_session(engine: Engine, *, commit: bool = False, by: By = LOCAL) -> Iterator[Session]:
    """A session that is rolled back at the end, or committed on success where `commit` is given;
    `by`: on whose behalf, as the audit log says."""
    bind = writing(engine) if commit else engine
    with Session(bind, autoflush=False, expire_on_commit=False) as session:
        act_for(session, by)
        yield session
        if commit:
            session.commit()


@contextmanager
def begin(engine: Engine) -> Iterator[Connection]:
    """A connection in one write transaction: committed on success, rolled back on any error."""
    with writing(engine).begin() as connection:
        yield connection


def writing(engine: Engine) -> Engine:
    """The same engine and pool, whose transactions take SQLite's write lock when they begin."""
    return engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")


def _open_sqlite(url: str, database: str | None, busy_seconds: float) -> Engine:
    arguments: dict[str, Any] = {}
    if database and database != ":memory:":
        make_private_folder(Path(database).parent)
        # as many as the web side has threads, of which the last used are used again
        arguments = {
            "pool_size": 8, "max_overflow": 40, "pool_timeout": POOL_SECONDS, "pool_use_lifo": True,
        }  # fmt: skip
    engine = create_engine(
        url, connect_args={"timeout": busy_seconds, "check_same_thread": False}, **arguments
    )

    @event.listens_for(engine, "do_connect")
    def keep_private(*_: Any) -> None:  # noqa: ANN401
        if database and database != ":memory:" and not database.startswith("file:"):
            make_private_file(Path(database))

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:  # noqa: ARG001
        connection.isolation_level = None  # BEGIN is ours, below: the driver would delay it
        for pragma in PRAGMAS:
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        options: dict[str, Any] = dict(connection.get_execution_options())
        connection.exec_driver_sql(options.get("sqlite_begin", "BEGIN"))

    return engine


def make_private_file(path: Path) -> None:
    """An empty file that only its owner may read, where there is none: SQLite gives what it writes
    beside it (WAL, journal) the same rights. Whether it can be used, opening it will tell."""
    with suppress(OSError):
        path.touch(mode=0o600, exist_ok=False)


def make_private_folder(folder: Path) -> None:
    """The folder, made for its owner only where it is missing, as are those that it lies in; the
    rights of others stay."""
    try:
        for each in (*reversed(folder.parents), folder):
            if not each.is_dir():
                each.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            hint="Set PATCHCLAMP_DATA to a folder that this user may write to.",
        ) from error
