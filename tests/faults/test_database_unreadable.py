import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.errors import UnavailableError
from app.settings import Settings
from app.store.engine import begin, open_engine, open_session
from app.store.migrating import upgrade
from app.store.queries.corpus import list_corpora

NOBODY = 65534


@pytest.fixture
def folder(migrated_file: Path) -> Iterator[Path]:
    """Outside of pytest's own folder, which other users may not enter; with a migrated store."""
    folder = Path(tempfile.mkdtemp())
    shutil.copy(migrated_file, folder / "store.sqlite")
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def as_somebody_else(action: Callable[[], object]) -> tuple[str, str]:
    """Detail and hint of the UnavailableError that `action` ends with; permissions bind it.

    Root may write everywhere, so a forked process gives its rights up first.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def run() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        try:
            sender.send(("", repr(action())))
        except UnavailableError as error:
            sender.send((error.detail, str(error.hint)))
        except BaseException as error:  # noqa: BLE001 (told to the test, which fails)
            sender.send(("", repr(error)))

    process = context.Process(target=run)
    process.start()
    answer: tuple[str, str] = receiver.recv()
    process.join()
    return answer


def write(data: Path) -> None:
    with begin(open_engine(Settings(data=data))) as connection:
        connection.execute(text("DELETE FROM corpora"))


def test_a_read_only_file_says_so(folder: Path):
    folder.chmod(0o777)
    (folder / "store.sqlite").chmod(0o444)
    detail, hint = as_somebody_else(lambda: write(folder))
    assert "read-only" in detail
    assert str(folder) in detail
    assert "PATCHCLAMP_DATA" in hint


def test_a_read_only_folder_says_so(folder: Path):
    folder.chmod(0o555)
    detail, hint = as_somebody_else(lambda: write(folder))
    assert "cannot be opened" in detail or "read-only" in detail
    assert "writable" in hint


def test_a_folder_that_cannot_be_made_says_so(folder: Path):
    folder.chmod(0o555)
    detail, hint = as_somebody_else(lambda: write(folder / "below"))
    assert "cannot be made" in detail
    assert "PATCHCLAMP_DATA" in hint


def test_a_file_that_may_not_be_read_says_so(folder: Path):
    folder.chmod(0o777)
    (folder / "store.sqlite").chmod(0o000)
    detail, hint = as_somebody_else(lambda: write(folder))
    assert "cannot be opened" in detail
    assert "writable" in hint


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    path.write_text("a shopping list, long enough to be looked at: " + "eggs, " * 100)
    content = path.read_bytes()
    for use in (upgrade, lambda engine: list(list_corpora(open_session(engine).__enter__()))):
        with pytest.raises(UnavailableError, match="not a Patchclamp store"):
            use(open_engine(Settings(data=tmp_path)))
    assert path.read_bytes() == content


def test_a_folder_in_place_of_the_file_says_so(tmp_path: Path):
    (tmp_path / "store.sqlite").mkdir()
    with pytest.raises(UnavailableError, match="cannot be opened"):
        upgrade(open_engine(Settings(data=tmp_path)))


def test_a_file_in_place_of_the_folder_says_so(tmp_path: Path):
    (tmp_path / "data").write_text("")
    with pytest.raises(UnavailableError, match="cannot be made"):
        open_engine(Settings(data=tmp_path / "data"))


def test_a_damaged_file_says_which_command_looks_at_it(tmp_path: Path, migrated_file: Path):
    content = bytearray(migrated_file.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    (tmp_path / "store.sqlite").write_bytes(content)
    engine = open_engine(Settings(data=tmp_path))
    with (
        pytest.raises(UnavailableError, match="damaged") as caught,
        open_session(engine) as session,
    ):
        list_corpora(session)
    assert "patchclamp db check" in str(caught.value.hint)


def test_a_read_only_postgresql_says_so(postgresql, migrated_template: str, tmp_path: Path):
    url = postgresql.create(template=migrated_template)
    engine = open_engine(Settings(data=tmp_path, database_url=url))
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        with pytest.raises(UnavailableError, match="read-only"):
            connection.execute(text("DELETE FROM corpora"))
    engine.dispose()


def test_a_postgresql_database_that_does_not_exist_says_so(postgresql, tmp_path: Path):
    engine = open_engine(Settings(data=tmp_path, database_url=postgresql.uri("not_there")))
    with pytest.raises(UnavailableError, match="does not exist"):
        upgrade(engine)


def test_a_postgresql_role_without_rights_says_so(postgresql, tmp_path: Path):
    url = postgresql.create()
    engine = open_engine(Settings(data=tmp_path, database_url=url))
    upgrade(engine)
    with engine.connect() as connection:
        connection.execute(text("CREATE ROLE guest"))
        connection.execute(text("SET LOCAL ROLE guest"))
        with pytest.raises(UnavailableError, match="may not do that"):
            connection.execute(text("SELECT * FROM corpora"))
    engine.dispose()
