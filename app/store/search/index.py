"""The index of search in the store: rows put in and taken out, on either database.

SQLite has FTS5 tables whose rowid is the key, so that it gives matches in order of keys and stops
when enough are found. PostgreSQL has a `tsvector` with a GIN index, which knows no order: each row
has a word for its tier (10 ranks), so that the best tiers are asked first. What results are
filtered by are words too, so that filters cost nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from app.store.search.keys import ID_BITS, id_of

EXPLANATIONS, UNITS = "search_explanations", "search_units"
COLUMNS: Final = {EXPLANATIONS: ("words", "program"), UNITS: ("peaks", "outputs")}
RANKS_PER_TIER: Final = 10
GAP: Final = 10
"""Positions between columns on PostgreSQL, so that no phrase reaches from one into the next."""
LAST_POSITION: Final = 16_383


class Entry(NamedTuple):
    key: int
    columns: tuple[str, ...]
    """Words of each column of the table, separated by spaces."""
    facets: tuple[str, ...]


def put(connection: Connection, table: str, entries: Iterable[Entry]) -> None:
    """Adds rows whose keys are not there yet."""
    rows = sorted(entries)  # FTS5 writes its segment anew whenever a rowid is not the largest
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        values = [(row.key, id_of(row.key), _vector(row)) for row in rows]
        _copy(connection, table, values)
        return
    names = ", ".join(COLUMNS[table])
    connection.exec_driver_sql(
        f"INSERT INTO {table} (rowid, {names}, facets) VALUES (?, ?, ?, ?)",  # noqa: S608 - ours
        [(row.key, *row.columns, " ".join(row.facets)) for row in rows],
    )


def take_out(connection: Connection, table: str, keys: Sequence[int]) -> None:
    if not keys:
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"DELETE FROM {table} WHERE key = ANY(%(keys)s)",  # noqa: S608 - our own name
            {"keys": list(keys)},
        )
        return
    connection.exec_driver_sql(
        f"DELETE FROM {table} WHERE rowid = ?",  # noqa: S608 - our own name
        [(key,) for key in sorted(keys)],
    )


def tier_of(key: int) -> int:
    return (key >> ID_BITS) // RANKS_PER_TIER


def facet_of_model(model_id: int) -> str:
    return f"m{model_id}"


def facet_of_site(site_id: int) -> str:
    return f"s{site_id}"


def facet_of_run(run_id: int) -> str:
    return f"r{run_id}"


def _vector(row: Entry) -> str:
    """The row as PostgreSQL writes a tsvector: words with positions, facets and the tier."""
    places: dict[str, list[int]] = {}
    position = 0
    for column in row.columns:
        for word in column.split():
            position = min(position + 1, LAST_POSITION)
            places.setdefault(word, []).append(position)
        position += GAP
    words = [f"'{word}':{','.join(map(str, at[:200]))}" for word, at in places.items()]
    return " ".join([*words, *(f"'@{f}'" for f in row.facets), f"'@q{tier_of(row.key)}'"])


def _copy(connection: Connection, table: str, rows: list[tuple[int, int, str]]) -> None:
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table} (key, of_id, words) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
