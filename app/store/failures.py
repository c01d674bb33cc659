"""What a database driver's error means for the user, decided in this one place.

SQLite and PostgreSQL report a full disk, a lock, a missing table in their own words; the rest of
the code sees `UnavailableError`. Broken constraints and wrong SQL are not the user's affair and
stay what they are.
"""

import sqlite3
from collections.abc import Callable

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from app.errors import UnavailableError

KEPT = "Nothing that was stored before is lost."

# (part of SQLite's message, what happened, what to do)
SQLITE = (
    (
        "database is locked",
        "another process kept the store locked for too long",
        "Wait for the other process to finish, or stop it, and try again.",
    ),
    (
        "database table is locked",
        "another connection kept a table of the store locked",
        "Try again in a moment.",
    ),
    (
        "database or disk is full",
        "the disk is full",
        "Free some space where the store lives and try again; a job resumes where it stopped.",
    ),
    (
        "disk i/o error",
        "the disk refused to read or write (full, over a quota, or failing)",
        "Free some space where the store lives, or look at the disk, and try again.",
    ),
    (
        "readonly database",
        "the store is read-only",
        "Make the file and its folder writable by this user, or set PATCHCLAMP_DATA to a folder "
        "that is.",
    ),
    (
        "unable to open database file",
        "the store's file cannot be opened or made",
        "Check that its folder exists and is writable by this user, or set PATCHCLAMP_DATA to a "
        "folder that is.",
    ),
    (
        "file is not a database",
        "the file is not a Patchclamp store (or it is encrypted or damaged)",
        "Give another PATCHCLAMP_DATABASE_URL, or move the file away and restore a backup.",
    ),
    (
        "malformed",
        "the store's file is damaged",
        "Run `patchclamp db check`, then put a copy from the `backups` folder in its place.",
    ),
    (
        "no such table",
        "the store has not been set up for this version",
        "Run `patchclamp db upgrade`.",
    ),
    (
        "no such column",
        "the store was made by another version",
        "Run `patchclamp db upgrade`.",
    ),
)

# (SQLSTATE or its class, what happened, what to do)
POSTGRESQL = (
    (
        "53100",
        "the database server's disk is full",
        "Free some space there and try again; a job resumes where it stopped.",
    ),
    ("53300", "the database server takes no more connections", "Try again in a moment."),
    ("55P03", "another process kept the store locked for too long", "Try again in a moment."),
    ("57P", "the database server is starting or stopping", "Try again in a moment."),
    (
        "25006",
        "the store is read-only",
        "Use a role that may write, or a server that is not a standby.",
    ),
    ("42501", "this role may not do that in the store", "Grant it the right, or use another role."),
    ("42P01", "the store has not been set up for this version", "Run `patchclamp db upgrade`."),
    ("42703", "the store was made by another version", "Run `patchclamp db upgrade`."),
    (
        "28",
        "the database server did not accept the name or password",
        "Check PATCHCLAMP_DATABASE_URL.",
    ),
    ("3D000", "the database does not exist", "Create it, or check PATCHCLAMP_DATABASE_URL."),
)


def watch(engine: Engine) -> None:
    """From now on this engine raises `UnavailableError` where the store cannot be used."""

    @event.listens_for(engine, "handle_error")
    def translate(context: ExceptionContext) -> None:
        error = unavailable(context.original_exception, name=store_name(engine))
        if error is not None:
            raise error from context.original_exception


def store_name(engine: Engine) -> str:
    """The store's file or address, without a password."""
    if engine.dialect.name == "sqlite":
        return engine.url.database or ":memory:"
    return engine.url.render_as_string(hide_password=True)


def unavailable(error: BaseException, *, name: str) -> UnavailableError | None:
    """What to tell the user, or None where the error is not about the store's availability."""
    if isinstance(error, sqlite3.Error):
        found = _first(SQLITE, lambda part: part in str(error).lower())
    elif isinstance(error, psycopg.Error):
        state = error.sqlstate or ""
        found = _first(POSTGRESQL, state.startswith)
        if found is None and isinstance(error, psycopg.OperationalError):
            found = (
                f"the database server cannot be reached ({str(error).strip().splitlines()[0]})"
                if str(error).strip()
                else "the database server cannot be reached",
                "Check that it runs and that PATCHCLAMP_DATABASE_URL names it.",
            )
    else:
        return None
    if found is None:
        return None
    what, todo = found
    return UnavailableError(f"The store {name} cannot be used: {what}. {KEPT}", hint=todo)


def _first(
    table: tuple[tuple[str, str, str], ...], fits: Callable[[str], bool]
) -> tuple[str, str] | None:
    return next(((what, todo) for part, what, todo in table if fits(part)), None)
