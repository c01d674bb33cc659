"""Brings the store to the tables that this version of the code knows.

Everything happens in one transaction under a lock, so that several processes may start at once:
SQLite's own write lock, an advisory lock on PostgreSQL. A SQLite file that holds data is copied
to the `backups` folder beside it first. A store that a newer version has made is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from app.assets import asset
from app.errors import UnavailableError
from app.store.backup import copy_sqlite
from app.store.engine import writing
from app.store.failures import store_name
from app.store.tables import Base
from app.store.tables.base import has_class

LOCK_KEY = 7_306_350_141_929_227_636  # any constant: what every Patchclamp process agrees on


def upgrade(engine: Engine) -> str | None:
    """The revision that the store was brought to, or None where it was there already."""
    if current_revision(engine) == head_revision():
        return None
    with locked(engine) as connection:
        found = _revision(connection)
        _refuse_newer(engine, found)
        if found == head_revision():  # another process was faster
            return None
        if found is not None:
            back_up_before_migrating(engine, found)
        command.upgrade(_config(connection), "head")
        _check_foreign_keys(connection)
    return head_revision()


def downgrade(engine: Engine, revision: str) -> None:
    """Back to the tables of an older revision, or to nothing (`base`)."""
    with locked(engine) as connection:
        found = _revision(connection)
        _refuse_newer(engine, found)
        if found is not None:
            back_up_before_migrating(engine, found)
        command.downgrade(_config(connection), revision)
        _check_foreign_keys(connection)


def require_current(engine: Engine) -> None:
    """Raises `UnavailableError` unless the store has exactly the tables of this version."""
    found = current_revision(engine)
    _refuse_newer(engine, found)
    if found != head_revision():
        raise UnavailableError(
            f"The store {store_name(engine)} is not set up for this version of Patchclamp.",
            hint="Run `patchclamp db upgrade`.",
            public="The store is not set up for this version of Patchclamp.",
        )


def current_revision(engine: Engine) -> str | None:
    """None for a store without tables."""
    with engine.connect() as connection:
        return _revision(connection)


def head_revision() -> str:
    revision = _scripts().get_current_head()
    if revision is None:
        raise FileNotFoundError("no migration was found: the installation is incomplete")
    return revision


def differences(engine: Engine) -> list[Any]:
    """What Alembic would change to make the store equal to the tables in the code."""
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": has_class}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))


def back_up_before_migrating(engine: Engine, revision: str) -> Path | None:
    """The copy, in `backups` beside the file; None on PostgreSQL and in memory."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or database in (None, "", ":memory:"):
        return None
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    source = Path(str(database))
    target = source.parent / "backups" / f"{source.stem}-{revision}-{moment}.sqlite"
    return copy_sqlite(source, target)


@contextmanager
def locked(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that no other migration can enter."""
    with writing(engine).connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        if sqlite:
            # remaking a table drops the old one, and with it, were this on, all that refers to it;
            # the pragma does nothing inside a transaction, so it goes to the driver
            _driver(connection).execute("PRAGMA foreign_keys = OFF").close()
        try:
            with connection.begin():
                if not sqlite:
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY}
                    )
                yield connection
        finally:
            if sqlite:
                _driver(connection).execute("PRAGMA foreign_keys = ON").close()


def _driver(connection: Connection) -> Any:  # noqa: ANN401
    return connection.connection.driver_connection


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(engine: Engine, revision: str | None) -> None:
    if revision is None or revision in {script.revision for script in _scripts().walk_revisions()}:
        return
    what = f"was made by a newer version of Patchclamp (its revision is {revision})"
    raise UnavailableError(
        f"The store {store_name(engine)} {what}. Nothing was changed.",
        public=f"The store {what}.",
        hint="Install that version or a newer one, or set PATCHCLAMP_DATA to another folder; a "
        "copy from before the newer version's first start is in the `backups` folder.",
    )


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise UnavailableError(
            f"The migration was undone: a row of {broken[0]} refers to a missing row of "
            f"{broken[2]}.",
            hint="Run `patchclamp db check` and report what it says.",
        )


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={} if connection is None else {"connection": connection})
    config.set_main_option("script_location", str(asset("migrations")).replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
