import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.settings import Settings
from app.store.checking import check
from app.store.engine import begin
from app.store.synthetic import fill_synthetic


@pytest.fixture
def small(engine: Engine, settings: Settings) -> Engine:
    fill_synthetic(
        engine, data=settings.data, layers=1, neurons=4, heads=2, windows=32, window_length=16
    )
    return engine


def test_a_good_store_has_no_findings(small: Engine, settings: Settings):
    assert check(small, data=settings.data, deep=True) == []


def test_a_missing_artifact_is_found_with_the_command_that_makes_it(
    small: Engine, settings: Settings
):
    next(settings.data.glob("artifacts/*/*mlp.0-fit*")).unlink()
    (finding,) = check(small, data=settings.data)
    assert (finding.kind, "is missing" in finding.message) == ("artifact", True)
    assert "patchclamp sweep synthetic" in finding.hint


def test_a_cut_artifact_is_found_by_its_size(small: Engine, settings: Settings):
    path = next(settings.data.glob("artifacts/*/*mlp.0-fit*"))
    os.truncate(path, path.stat().st_size - 2)
    (finding,) = check(small, data=settings.data)
    assert "bytes, not" in finding.message


def test_a_changed_artifact_is_found_when_looking_deep(small: Engine, settings: Settings):
    path = next(settings.data.glob("artifacts/*/*mlp.0-fit*"))
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(content)
    assert check(small, data=settings.data) == []
    (finding,) = check(small, data=settings.data, deep=True)
    assert "another content" in finding.message


def test_an_artifact_outside_the_data_folder_is_found(small: Engine, settings: Settings):
    with begin(small) as connection:
        connection.execute(text("UPDATE artifacts SET path = '../../etc/passwd' WHERE id = 1"))
    (finding,) = check(small, data=settings.data)
    assert "leaves the data folder" in finding.message


def test_windows_that_are_referred_to_but_absent_are_counted(small: Engine, settings: Settings):
    with begin(small) as connection:
        connection.execute(text("DELETE FROM windows WHERE number IN (0, 1)"))
    (finding,) = check(small, data=settings.data)
    assert finding.kind == "window"
    assert finding.message.startswith("2 windows that run 2 refers to")


def test_a_store_with_other_tables_is_found(small: Engine, settings: Settings):
    with begin(small) as connection:
        connection.execute(text("ALTER TABLE workers ADD COLUMN extra INTEGER"))
    findings = check(small, data=settings.data)
    assert [finding.kind for finding in findings] == ["schema"]


def test_a_store_of_another_version_is_found(small: Engine, settings: Settings):
    with begin(small) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '2031_01_01_future'"))
    (finding,) = check(small, data=settings.data)
    assert "newer version" in finding.message


def test_broken_references_in_a_sqlite_file_are_counted(filled_copy: Engine, tmp_path: Path):
    with filled_copy.connect() as connection:
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("DELETE FROM vocabularies")
        driver.execute("DELETE FROM output_sides")
        driver.execute("DELETE FROM related_units")
        driver.execute("DELETE FROM runs WHERE kind = 'output'")
        driver.execute("UPDATE runs SET job_id = 'gone' WHERE kind = 'relate'")
        driver.execute("COMMIT") if driver.in_transaction else None
    findings = check(filled_copy, data=tmp_path)
    broken = [finding.message for finding in findings if finding.kind == "foreign_key"]
    assert broken == ["1 rows of runs refer to rows of jobs that are missing"]


@pytest.fixture
def filled_copy(tmp_path: Path, migrated_file: Path) -> Engine:
    from app.store.engine import open_engine

    (tmp_path / "store.sqlite").write_bytes(migrated_file.read_bytes())
    engine = open_engine(Settings(data=tmp_path))
    fill_synthetic(engine, data=tmp_path, layers=1, neurons=4, heads=1, windows=32, window_length=8)
    return engine
