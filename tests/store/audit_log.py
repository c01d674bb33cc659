"""An audit log to be read and tampered with, past the triggers that would refuse."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from app.store.audit.noting import note
from app.store.engine import begin, open_session


def fill(engine: Engine, n: int) -> None:
    """Rows of n transactions."""
    for number in range(1, n + 1):
        with open_session(engine, commit=True) as session:
            note(
                session, actor="ada", action="explanation.withdrawn", model="toy",
                subject=f"explanation {number}", before={"status": "current"},
                after={"status": "withdrawn"},
            )  # fmt: skip


def rows(engine: Engine) -> list[dict[str, object]]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM audit ORDER BY id"))
        return [dict(row._mapping) for row in found]


@contextmanager
def tampering(engine: Engine) -> Iterator[Connection]:
    """As somebody who may do everything with the database, and does not have the key."""
    with begin(engine) as connection:
        if connection.dialect.name == "sqlite":
            found = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            )
            triggers = [(name, sql) for name, sql in found if name.startswith("audit_")]
            for name, _ in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            yield connection
            for _, sql in triggers:
                connection.exec_driver_sql(sql)
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            yield connection
