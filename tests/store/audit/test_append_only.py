import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from app.store.engine import begin
from app.store.migrating import downgrade, upgrade
from tests.store.audit_log import fill, rows

REFUSED = (
    "UPDATE audit SET actor = 'eve'",
    "UPDATE audit SET seal = seal WHERE id = 1",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = 2",
    "UPDATE audit_head SET last_id = 1",
    "UPDATE audit_head SET seal = 'other'",
    "DELETE FROM audit_head",
)


def refuse(engine, statement):
    fill(engine, 2)
    before = rows(engine)
    with (
        pytest.raises(DBAPIError, match="neither changed nor deleted"),
        begin(engine) as connection,
    ):
        connection.execute(text(statement))
    assert rows(engine) == before


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_itself_refuses_to_change_the_log(engine, statement):
    refuse(engine, statement)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", ["audit", "audit_head"])
def test_postgresql_refuses_to_empty_it(engine, table):
    refuse(engine, f"TRUNCATE {table}")


def test_a_store_that_went_back_and_forth_refuses_it_again(blank_engine):
    upgrade(blank_engine)
    fill(blank_engine, 1)
    downgrade(blank_engine, "2026_11_22_circuits")
    assert "audit" not in inspect(blank_engine).get_table_names()
    upgrade(blank_engine)
    assert rows(blank_engine) == []
    refuse(blank_engine, "DELETE FROM audit")
