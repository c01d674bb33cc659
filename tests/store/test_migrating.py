from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from app.errors import UnavailableError
from app.settings import Settings
from app.store.engine import begin, open_engine
from app.store.migrating import (
    current_revision,
    differences,
    downgrade,
    head_revision,
    require_current,
    upgrade,
)
from app.store.tables import Base, CorpusTable, DocumentTable, ExplanationTable
from app.store.tables.base import has_class
from tests.store import rows
from tests.store.rows import corpus


def test_an_empty_store_is_brought_to_the_newest_tables(blank_engine: Engine):
    assert current_revision(blank_engine) is None
    assert upgrade(blank_engine) == head_revision()
    assert current_revision(blank_engine) == head_revision()
    names = set(inspect(blank_engine).get_table_names())
    described = {name for name in names if has_class(name, "table", {})}
    assert described == set(Base.metadata.tables) | {"alembic_version"}
    assert {"search_explanations", "search_units"} <= names


def test_upgrading_twice_changes_nothing(engine: Engine):
    assert upgrade(engine) is None


def test_migrations_make_exactly_the_tables_of_the_code(engine: Engine):
    assert differences(engine) == []


def test_a_changed_table_is_noticed(engine: Engine):
    with begin(engine) as connection:
        connection.execute(text("DROP INDEX ix_unit_statistics_density"))
    assert [difference[0] for difference in differences(engine)] == ["add_index"]


def test_downgrading_to_nothing_and_back_gives_the_same_tables(engine: Engine):
    downgrade(engine, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert upgrade(engine) == head_revision()
    assert differences(engine) == []


def test_a_store_of_a_newer_version_is_refused_and_left_alone(engine: Engine):
    with begin(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '2031_01_01_future'"))
    for refused in (upgrade, require_current):
        with pytest.raises(UnavailableError, match="newer version") as caught:
            refused(engine)
        assert "Install that version" in str(caught.value.hint)
    assert current_revision(engine) == "2031_01_01_future"


def test_a_store_without_tables_says_which_command_sets_it_up(blank_engine: Engine):
    with pytest.raises(UnavailableError) as caught:
        require_current(blank_engine)
    assert "patchclamp db upgrade" in str(caught.value.hint)


def test_a_sqlite_file_is_copied_before_it_is_migrated(tmp_path: Path, migrated_file: Path):
    settings = Settings(data=tmp_path)
    (tmp_path / "store.sqlite").write_bytes(migrated_file.read_bytes())
    engine = open_engine(settings)
    with Session(engine) as session:
        session.add(corpus())
        session.commit()
    downgrade(engine, "base")
    (copy,) = (tmp_path / "backups").iterdir()
    kept = open_engine(Settings(data=tmp_path, database_url=f"sqlite:///{copy}"))
    with Session(kept) as session:
        assert session.query(CorpusTable).one().name == "starter"


def test_remaking_a_table_keeps_the_rows_that_refer_to_it(tmp_path: Path):
    """Batch migrations drop the old table; with foreign keys on, all that refers to it went too."""
    engine = open_engine(Settings(data=tmp_path))
    upgrade(engine)
    with Session(engine) as session:
        session.add(corpus())
        session.flush()
        session.add(
            DocumentTable(
                corpus_id=1, number=0, title="", domain="", origin="", split="fit", sha256="",
                n_characters=1,
            )
        )  # fmt: skip
        session.commit()
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from app.store.migrating import locked

    with locked(engine) as connection:
        op = Operations(MigrationContext.configure(connection))
        with op.batch_alter_table("corpora", recreate="always"):
            pass
    with Session(engine) as session:
        assert session.query(DocumentTable).count() == 1


def test_versions_that_two_edits_gave_at_once_are_counted_anew(engine: Engine):
    downgrade(engine, "2026_11_21_no_sketches")
    with Session(engine) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        session.add(rows.site(model.id))
        session.flush()
        for number, origin, version in (
            (1, None, 1), (2, 1, 2), (3, 1, 3), (4, 1, 2), (5, None, 1), (6, 5, 2), (7, 5, 3),
        ):  # fmt: skip
            session.add(
                ExplanationTable(
                    id=number, model_id=1, site_id=1, unit_index=0, method="hand", author="me",
                    status="current", origin_id=origin, version=version, created_at=rows.MOMENT,
                    text="", details={},
                )
            )  # fmt: skip
        session.commit()
    upgrade(engine)
    with Session(engine) as session:
        found = session.query(ExplanationTable.id, ExplanationTable.version)
        assert dict(map(tuple, found.all())) == {1: 1, 2: 2, 4: 3, 3: 4, 5: 1, 6: 2, 7: 3}
    assert differences(engine) == []


def test_several_processes_may_upgrade_at_once(blank_settings: Settings):
    results: list[str | None] = []
    failures: list[Exception] = []

    def start() -> None:
        engine = open_engine(blank_settings)
        try:
            results.append(upgrade(engine))
        except Exception as error:  # noqa: BLE001 (shown by the assertion below)
            failures.append(error)
        finally:
            engine.dispose()

    threads = [Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(results, key=str) == [head_revision(), None, None, None]
