"""Writes the results of a run, many rows at a time, so that writing costs a sweep next to nothing.

A worker gives all rows of one site, and they replace what the same run had stored for the same
site and splits: doing it twice leaves the same bytes, which makes publishing partial results and
resuming harmless. Rows are plain tuples in the order of the classes below, with Python's own
numbers (NumPy's would be stored as bytes), None where a number is undefined, never NaN, and bytes
from `app.store.packing`.

    with engine_module.begin(engine) as connection:
        write_site(connection, run_id=3, site_id=7, statistics=[...], histograms=[...])
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import psycopg
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    DateTime,
    Double,
    Float,
    Integer,
    LargeBinary,
    Table,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.type_api import TypeEngine

from app.store.failures import store_name, unavailable
from app.store.tables import (
    AttentionPatternTable,
    Base,
    ExemplarTable,
    OutputSideTable,
    RelatedUnitTable,
    SiteSummaryTable,
    UnitHistogramTable,
    UnitStatisticsTable,
)

Rows = Sequence[tuple[Any, ...]]


class StatisticsRow(NamedTuple):
    split: str
    unit_index: int
    n_windows: int
    n_positions: int
    n_nonfinite: int
    mean: float | None
    variance: float | None
    skewness: float | None
    kurtosis: float | None
    minimum: float | None
    maximum: float | None
    density: float | None
    above: float | None


class HistogramRow(NamedTuple):
    split: str
    unit_index: int
    histogram: bytes


class ExemplarRow(NamedTuple):
    unit_index: int
    split: str
    groups: bytes
    edges: bytes
    counts: bytes
    windows: bytes
    peaks: bytes
    peak_positions: bytes
    activations: bytes


class PatternRow(NamedTuple):
    unit_index: int
    split: str
    kind: str
    n_sources: int
    sources: bytes
    weights: bytes


class SummaryRow(NamedTuple):
    split: str
    statistic: str
    n_units: int
    n_undefined: int
    n_dead: int
    n_flagged: int
    edges: bytes
    counts: bytes
    quantiles: bytes


class OutputSideRow(NamedTuple):
    unit_index: int
    norm: float
    tokens: bytes
    logits: bytes
    z_scores: bytes


class RelatedRow(NamedTuple):
    unit_index: int
    method: str
    sites: bytes
    indices: bytes
    values: bytes
    test_values: bytes | None


def write_site(
    connection: Connection,
    *,
    run_id: int,
    site_id: int,
    statistics: Rows = (),
    histograms: Rows = (),
    exemplars: Rows = (),
    patterns: Rows = (),
    summaries: Rows = (),
) -> None:
    """Replaces what the run had stored for this site, for every split that the rows name.

    Each row of statistics needs its histogram. Summaries replace those of the same split and
    statistic.
    """
    if len(histograms) != len(statistics):
        raise ValueError(f"{len(statistics)} rows of statistics, {len(histograms)} histograms")
    key = (run_id, site_id)
    _replace(connection, UnitStatisticsTable, StatisticsRow, key, statistics, by=("split",))
    _replace(connection, UnitHistogramTable, HistogramRow, key, histograms, by=("split",))
    _replace(connection, ExemplarTable, ExemplarRow, key, exemplars, by=("split",))
    _replace(connection, AttentionPatternTable, PatternRow, key, patterns, by=("split",))
    _replace(connection, SiteSummaryTable, SummaryRow, key, summaries, by=("split", "statistic"))


def write_output_sides(connection: Connection, *, run_id: int, site_id: int, rows: Rows) -> None:
    """Replaces the output sides that the run had stored for this site."""
    _replace(connection, OutputSideTable, OutputSideRow, (run_id, site_id), rows, by=())


def write_related(connection: Connection, *, run_id: int, site_id: int, rows: Rows) -> None:
    """Replaces the run's relatives of this site's units, for every method that the rows name."""
    _replace(connection, RelatedUnitTable, RelatedRow, (run_id, site_id), rows, by=("method",))


def _replace(
    connection: Connection,
    table_class: type[Base],
    row_class: type[Any],
    key: tuple[int, int],
    rows: Rows,
    *,
    by: tuple[str, ...],
) -> None:
    if not rows:
        return
    table = Base.metadata.tables[table_class.__tablename__]
    columns = ("run_id", "site_id", *row_class._fields)
    _refuse_foreign_numbers(rows[0], row_class)
    delete = table.delete().where(table.c.run_id == key[0], table.c.site_id == key[1])
    for name in by:
        position = row_class._fields.index(name)
        delete = delete.where(table.c[name].in_(sorted({row[position] for row in rows})))
    connection.execute(delete)
    insert_rows(connection, table, columns, [(*key, *row) for row in rows])


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Many at once, as tuples of what the database holds: JSON and moments come as text."""
    if isinstance(rows, Sequence) and not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns, rows)
        return
    marks = ", ".join("?" * len(columns))
    names = ", ".join(f'"{name}"' for name in columns)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) VALUES ({marks})",  # noqa: S608 (our own names)
        list(rows),
    )


def _refuse_foreign_numbers(row: tuple[Any, ...], row_class: type[Any]) -> None:
    if len(row) != len(row_class._fields):
        raise ValueError(
            f"{row_class.__name__} has {len(row_class._fields)} values, got {len(row)}"
        )
    for name, value in zip(row_class._fields, row, strict=True):
        if isinstance(value, np.generic | np.ndarray):
            raise TypeError(
                f"{row_class.__name__}.{name} is {type(value)}: use .tolist() or pack()"
            )


def _copy(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> None:
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, columns))
    statement = psycopg.sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        psycopg.sql.Identifier(table.name), names
    )
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_copy_type(table.c[name].type) for name in columns])
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise IntegrityError(f"COPY {table.name}", None, error) from error
    except psycopg.Error as error:
        told = unavailable(error, name=store_name(connection.engine))
        raise (told or error) from error


def _copy_type(kind: TypeEngine[Any]) -> str:
    kind = getattr(kind, "impl_instance", kind)
    if isinstance(kind, Boolean):
        return "bool"
    if isinstance(kind, BigInteger):
        return "int8"
    if isinstance(kind, Integer):
        return "int4"
    if isinstance(kind, Double | Float):
        return "float8"
    if isinstance(kind, DateTime):
        return "timestamptz"
    return "bytea" if isinstance(kind, LargeBinary) else "text"
