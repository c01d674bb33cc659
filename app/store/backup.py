"""A copy of the store that is whole, made while others read and write."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from psycopg.pq import Conninfo
from sqlalchemy import Engine

from app.errors import ConflictError, UnavailableError
from app.store.failures import unavailable


def backup(engine: Engine, target: Path) -> Path:
    """The written copy: a SQLite file, or on PostgreSQL an archive for `pg_restore`.

    Files beside the store are not part of it: copy the data folder's `pools`, `corpora` and
    `windows` too.
    Raises ConflictError where `target` exists, UnavailableError where it cannot be written.
    """
    if engine.dialect.name == "sqlite":
        return copy_sqlite(Path(str(engine.url.database)), target)
    return _dump_postgresql(engine, target)


def copy_sqlite(source: Path, target: Path) -> Path:
    """By SQLite's online backup, checked afterwards; appears under its name only when whole."""
    partial = _prepare(target)
    try:
        verdict = _copy_pages(source, partial)
        if verdict != "ok":
            raise UnavailableError(
                f"The store {source} is damaged ({verdict}); the copy was thrown away.",
                hint="Run `patchclamp db check`.",
            )
        partial.replace(target)
    except sqlite3.Error as error:
        told = unavailable(error, name=str(source))
        raise (told or error) from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def _copy_pages(source: Path, partial: Path) -> str:
    """What SQLite says of the copy's integrity."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reader,
        closing(sqlite3.connect(partial)) as writer,
    ):
        reader.backup(writer, pages=4096)
        # one file is the copy: without WAL, nothing of it lies beside it
        writer.execute("PRAGMA journal_mode = DELETE").close()
        (verdict,) = writer.execute("PRAGMA integrity_check(1)").fetchone()
    return str(verdict)


def _dump_postgresql(engine: Engine, target: Path) -> Path:
    program = shutil.which("pg_dump")
    if program is None:
        raise UnavailableError(
            "A PostgreSQL store is copied with the program pg_dump, which was not found.",
            hint="Install PostgreSQL's client programs (package postgresql-client) and try again.",
        )
    partial = _prepare(target)
    try:
        done = subprocess.run(  # noqa: S603 (our own arguments, no shell)
            [program, "--format=custom", "--no-password", f"--file={partial}"],
            env=os.environ | connection_environment(engine),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise UnavailableError(
                f"pg_dump failed: {done.stderr.strip()}", hint="Mend what it names and try again."
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def connection_environment(engine: Engine) -> dict[str, str]:
    """The engine's connection as libpq's environment variables: arguments are seen by everybody.

    What has no variable (keep-alives and the like) is left out.
    """
    _, given = engine.dialect.create_connect_args(engine.url)
    return {
        option.envvar.decode(): str(given[option.keyword.decode()])
        for option in Conninfo.get_defaults()
        if option.envvar and given.get(option.keyword.decode()) is not None
    }


def _prepare(target: Path) -> Path:
    """An empty file beside the target to write to first, which only its owner may read."""
    if target.exists():
        raise ConflictError(f"{target} is there already.", hint="Give another name.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"The folder {target.parent} cannot be made: {error.strerror}.",
            hint="Choose a folder that this user may write to.",
        ) from error
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        partial.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise UnavailableError(
            f"{target} cannot be written: {error.strerror}.",
            hint="Choose a folder that this user may write to, on a disk with space.",
        ) from error
    return partial
