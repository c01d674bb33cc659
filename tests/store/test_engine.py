from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Engine, ForeignKeyConstraint, inspect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.compiler import IdentifierPreparer

from app.errors import BadRequestError, UnavailableError
from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.tables import Base, CorpusTable, SiteTable
from tests.store import rows


def test_a_session_forgets_its_writes_unless_asked_to_commit(engine: Engine):
    with open_session(engine) as session:
        session.add(rows.corpus())
        session.flush()
    with open_session(engine) as session:
        assert session.query(CorpusTable).count() == 0


def test_a_session_commits_on_success_where_asked(engine: Engine):
    with open_session(engine, commit=True) as session:
        session.add(rows.corpus())
    with open_session(engine) as session:
        assert session.query(CorpusTable).one().created_at == rows.MOMENT


def test_a_failed_session_commits_nothing(engine: Engine):
    def write_and_fail() -> None:
        with open_session(engine, commit=True) as session:
            session.add(rows.corpus())
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with open_session(engine) as session:
        assert session.query(CorpusTable).count() == 0


def test_sqlite_writes_ahead_and_keeps_foreign_keys(tmp_path: Path):
    with open_engine(Settings(data=tmp_path)).connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "page_size")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 1,
        "page_size": 8192,
    }


def test_rows_cannot_refer_to_what_is_not_there(engine: Engine):
    with pytest.raises(IntegrityError), open_session(engine, commit=True) as session:
        session.add(rows.site(model_id=99))


def test_constraints_have_the_names_of_the_code_on_both_databases(engine: Engine):
    inspector = inspect(engine)
    for name, table in Base.metadata.tables.items():
        found = {check["name"] for check in inspector.get_check_constraints(name)}
        found |= {key["name"] for key in inspector.get_foreign_keys(name)}
        named = {
            str(format_constraint(constraint))
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint | ForeignKeyConstraint)
        }
        assert found == named, name


def format_constraint(constraint: CheckConstraint | ForeignKeyConstraint) -> str | None:
    return IdentifierPreparer(DefaultDialect()).format_constraint(constraint)


def test_numbers_beyond_32_bits_are_kept(engine: Engine):
    with open_session(engine, commit=True) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        run = rows.run(model.id)
        session.add(run)
        session.flush()
        run_id, model_id = run.id, model.id
    with open_session(engine) as session:
        assert session.get_one(type(run), run_id).seed == 2**63 - 1
        assert session.get_one(type(model), model_id).n_parameters == 8_030_261_248


def test_no_table_loads_anything_behind_the_back(engine: Engine):  # noqa: ARG001
    """Queries name what they read: a relationship would have to be lazy='raise'."""
    for mapper in Base.registry.mappers:
        assert all(relation.lazy == "raise" for relation in mapper.relationships)


def test_deleting_a_model_takes_its_sites_along(engine: Engine):
    with open_session(engine, commit=True) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        session.add(rows.site(model.id))
        session.flush()
        session.delete(model)
    with open_session(engine) as session:
        assert session.query(SiteTable).count() == 0


@pytest.mark.parametrize("url", ["mysql://host/name", "no url at all"])
def test_a_url_of_another_kind_is_refused_with_the_kinds_that_work(tmp_path: Path, url: str):
    with pytest.raises(BadRequestError) as caught:
        open_engine(Settings(data=tmp_path, database_url=url))
    assert "postgresql://" in str(caught.value.hint)


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path):
    url = "postgresql://someone:secret@127.0.0.1:1/none"
    engine = open_engine(Settings(data=tmp_path, database_url=url))
    with pytest.raises(UnavailableError) as caught, engine.connect():
        pass
    assert "cannot be reached" in caught.value.detail
    assert "secret" not in caught.value.detail


def test_a_missing_table_names_the_command_that_makes_it(blank_engine: Engine):
    with pytest.raises(UnavailableError) as caught, open_session(blank_engine) as session:
        session.query(CorpusTable).all()
    assert "patchclamp db upgrade" in str(caught.value.hint)
