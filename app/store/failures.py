"""What a database driver's error means for the user, decided in this one place.

On the command line the store has a name (file, or server and database); in answers over the
network it is "the store", and what the driver says of addresses is left out. A password, or what
else a URL's query may hold, is in neither.

SQLite and PostgreSQL report a full disk, a lock, a missing table in their own words; the rest of
the code sees `UnavailableError`. Broken constraints and wrong SQL are not the user's affair and
stay what they are.
"""

import sqlite3
from collections.abc import Callable

import psycopg
from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import ExceptionContext

from app.errors import UnavailableError

KEPT = "Nothing that was stored before is lost."
BUSY_SECONDS = 2
"""After which a store that somebody else holds is asked again."""

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
    (
        "40P01",
        "this process and another one locked each other out of it (a deadlock)",
        "Try again in a moment.",
    ),
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
    """The store's file, or its server and database; nothing else of its URL."""
    return name_of(engine.url)


def name_of(url: URL) -> str:
    """Of a URL only dialect, host, port and database: its query may hold secrets, too."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    host = f"[{url.host}]" if url.host and ":" in url.host else url.host or ""
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{host}{port}/{url.database or ''}"


def unavailable(error: BaseException, *, name: str) -> UnavailableError | None:
    """What to tell the user, or None where the error is not about the store's availability."""
    said = ""
    if isinstance(error, sqlite3.Error):
        found = _first(SQLITE, lambda part: part in str(error).lower())
    elif isinstance(error, psycopg.Error):
        state = error.sqlstate or ""
        found = _first(POSTGRESQL, state.startswith)
        if found is None and isinstance(error, psycopg.OperationalError):
            found = (
                "the database server cannot be reached",
                "Check that it runs and that PATCHCLAMP_DATABASE_URL names it.",
            )
            said = next((f" ({line})" for line in str(error).strip().splitlines()), "")
    else:
        return None
    if found is None:
        return None
    what, todo = found
    return UnavailableError(
        f"The store {name} cannot be used: {what}{said}. {KEPT}",
        hint=todo,
        public=f"The store cannot be used: {what}. {KEPT}",
        retry_after=BUSY_SECONDS if "locked" in what else None,
    )


def _first(
    table: tuple[tuple[str, str, str], ...], fits: Callable[[str], bool]
) -> tuple[str, str] | None:
    return next(((what, todo) for part, what, todo in table if fits(part)), None)
