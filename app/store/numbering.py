"""Ids for rows that are written many at a time, known before they are written."""

from collections.abc import Sequence

from sqlalchemy import Connection


def new_ids(connection: Connection, table: str, n: int) -> Sequence[int]:
    """`n` rising ids that no row of the table has or had. The transaction must be one that writes:
    SQLite's lock keeps others from taking the same."""
    if not n:
        return []
    if connection.dialect.name == "postgresql":
        drawn = connection.exec_driver_sql(
            "SELECT nextval(pg_get_serial_sequence(%(table)s, 'id')) "
            "FROM generate_series(1, %(n)s)",
            {"table": table, "n": n},
        )
        return sorted(drawn.scalars())
    last = connection.exec_driver_sql(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)
    ).scalar()
    return range((last or 0) + 1, (last or 0) + 1 + n)
