"""Replaces all of a store by what a file holds, at once: in one transaction that others see whole
or not at all."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pydantic import SecretStr
from sqlalchemy import Engine, inspect

from app.errors import UnavailableError
from app.settings import Settings
from app.store.backup import connection_environment, copy_sqlite
from app.store.engine import open_engine
from app.store.failures import unavailable
from app.store.migrating import upgrade
from app.store.pouring import pour
from app.store.tables import Base

PATIENCE: Final = 60
"""Seconds in which those who use the store have to let it go for a moment."""

TRIES: Final = 10
KEEP: Final = "PATCHCLAMP_KEEP_AT"
"""The variable by which psql's shell is told where to copy what is there."""
DUMP: Final = f'pg_dump --format=custom --no-password --file="${KEEP}" && echo 1'
AUDIT: Final = ("audit", "audit_head")
"""What every writer comes to last."""

Prepare = Callable[[Engine], None]
"""Is given what was restored; where it raises, the store is left, or put back, as it was."""


SQLITE, POSTGRESQL = b"SQLite format 3", b"PGDMP"


def replace_sqlite(
    settings: Settings, copy: Path, prepare: Prepare, *, keep: Path | None
) -> Path | None:
    """Prepared before it is in place; where what was there is now: at `keep`, or, of a file that is
    too damaged to be copied, beside it. Raises UnavailableError: the copy is damaged, or somebody
    does not let the store go."""
    if begins_with(copy, POSTGRESQL):
        raise UnavailableError(
            f"{copy} is of a PostgreSQL store, and the settings name a SQLite file.",
            hint="Set PATCHCLAMP_DATABASE_URL to a PostgreSQL database and restore it there.",
        )
    place = Path(str(open_engine(settings).url.database))
    try:
        with staged(settings, copy, beside=place) as engine:
            prepare(engine)
            engine.dispose()
            return _write_over(Path(str(engine.url.database)), place, keep)
    except sqlite3.Error as error:
        told = unavailable(error, name=str(copy))
        raise (told or error) from error


def begins_with(file: Path, mark: bytes) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(mark)) == mark


@contextmanager
def staged(settings: Settings, copy: Path, *, beside: Path) -> Iterator[Engine]:
    """A copy of the copy, which may be changed, and is gone afterwards."""
    place = beside.with_name(f".{beside.name}.{os.getpid()}.restoring")
    try:
        copy_sqlite(copy, place)
        url = SecretStr(f"sqlite:///{place}")
        engine = open_engine(settings.model_copy(update={"database_url": url}))
        try:
            yield engine
        finally:
            engine.dispose()
    finally:
        _of_one_store(place, lambda file: file.unlink(missing_ok=True))


def _write_over(staged: Path, place: Path, keep: Path | None) -> Path | None:
    """By SQLite's online backup, in one step: a write transaction like any other. What is there is
    copied while nobody can write, and at once let go for that transaction."""
    begun = time.monotonic()

    def stop(*_: int) -> None:
        if time.monotonic() - begun > PATIENCE:
            raise UnavailableError(
                f"Somebody has been writing to the store for {PATIENCE} seconds.",
                hint="Stop the servers and workers that use it, and restore again.",
            )

    with closing(sqlite3.connect(staged)) as reader:
        kept = None if keep is None else _copied(place, keep)
        begun = time.monotonic()
        with closing(sqlite3.connect(place)) as writer:
            reader.backup(writer, pages=-1, progress=stop, sleep=0.001)
    return kept


def _copied(place: Path, keep: Path) -> Path:
    try:
        with closing(sqlite3.connect(place, timeout=PATIENCE, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            return copy_sqlite(place, keep)
    except (sqlite3.DatabaseError, UnavailableError) as error:
        if isinstance(error, sqlite3.OperationalError):  # locked, or the disk
            raise
    damaged = keep.with_name(keep.name.replace("before-restore", "damaged"))
    damaged.parent.mkdir(parents=True, exist_ok=True)
    _of_one_store(
        place,
        lambda file: (
            file.exists()
            and shutil.move(file, damaged.with_name(file.name.replace(place.name, damaged.name)))
        ),
    )
    return damaged


def _of_one_store(place: Path, do: Callable[[Path], object]) -> None:
    for ending in ("", "-wal", "-shm"):
        do(place.with_name(place.name + ending))


def replace_postgresql(
    settings: Settings, engine: Engine, copy: Path, prepare: Prepare, *, keep: Path | None
) -> Path | None:
    """An archive is prepared once it is in place, since one database holds one store; a SQLite file
    before it is poured. If anything fails, what was there is put back. Where it is now: at `keep`.
    Raises UnavailableError."""
    if begins_with(copy, SQLITE):
        with staged(settings, copy, beside=settings.data / "store.sqlite") as other:
            prepare(other)
            _load(engine, None, keep)
            with _put_back(engine, keep):
                upgrade(engine)
                pour(other, engine)
    else:
        _load(engine, copy, keep)
        with _put_back(engine, keep):
            prepare(engine)
    return keep


@contextmanager
def _put_back(engine: Engine, before: Path | None) -> Iterator[None]:
    """Where the block fails; what others wrote meanwhile is kept too."""
    try:
        yield
    except Exception:
        meanwhile = None if before is None else before.with_name(f"meanwhile-{before.name}")
        _load(engine, before, meanwhile)
        raise


def _load(engine: Engine, copy: Path | None, keep: Path | None) -> None:
    """All tables out, those of an archive in (None: nothing), in one transaction, in which first
    nobody else can write, and what is there is copied to `keep`."""
    there = set(inspect(engine).get_table_names())
    engine.dispose()
    # in the order in which writers take them, so that hardly any of them holds what we wait for
    ordered = [table.name for table in Base.metadata.sorted_tables if table.name not in AUDIT]
    tables = sorted(there - {*ordered, *AUDIT}) + [
        name for name in (*ordered, *AUDIT) if name in there
    ]
    lines = [
        f"SET lock_timeout = '{PATIENCE}s';",
        "SET client_min_messages = warning;",
        *(f'LOCK TABLE "{table}" IN SHARE ROW EXCLUSIVE MODE;' for table in tables),
    ]
    environment = connection_environment(engine)
    if keep is not None:
        keep.parent.mkdir(parents=True, exist_ok=True)
        keep.touch(mode=0o600)
        environment |= {KEEP: str(keep)}
        lines += [f"\\set kept `{DUMP}`", "SELECT 1 / (:'kept' = '1')::integer;"]
    lines += [f'DROP TABLE "{table}" CASCADE;' for table in tables]
    with TemporaryDirectory() as folder:
        first, script = Path(folder) / "first.sql", Path(folder) / "store.sql"
        first.write_text("\n".join(lines))
        script.touch()
        if copy is not None:
            # all of it first: psql would commit what a failing pg_restore had written so far
            _run("pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges",
                 f"--file={script}", str(copy), environment={})  # fmt: skip
        _run_again("psql", "--no-psqlrc", "--quiet", "--no-password", "--single-transaction",
                   "--set=ON_ERROR_STOP=1", "--output=/dev/null", f"--file={first}",
                   f"--file={script}", environment=environment)  # fmt: skip


def _run_again(name: str, *arguments: str, environment: Mapping[str, str]) -> None:
    """Until nobody else holds what it waits for, and waits for what it holds."""
    for left in reversed(range(TRIES)):
        try:
            _run(name, *arguments, environment=environment)
        except UnavailableError as error:
            if "deadlock detected" not in error.detail or not left:
                raise
        else:
            break


def _run(name: str, *arguments: str, environment: Mapping[str, str]) -> None:
    program = shutil.which(name)
    if program is None:
        raise UnavailableError(
            f"A PostgreSQL store is restored with the program {name}, which was not found.",
            hint="Install PostgreSQL's client programs (package postgresql-client) and try again.",
        )
    done = subprocess.run(  # noqa: S603 (our own arguments, no shell)
        [program, *arguments],
        env=os.environ | dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise UnavailableError(
            f"{name} failed: {done.stderr.strip()}",
            hint="Nothing was changed. Mend what it names, or stop the servers and workers that "
            "use the store, and try again.",
        )
