"""Units: the sortable table of a site, one unit with all that is known, and random ones."""

import math
import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.errors import BadRequestError
from app.store.bounding import page_bound
from app.store.fetching import fetch
from app.store.locating import Place, Subject, check_index, check_split, locate, locate_site
from app.store.packing import group_kind, unpack
from app.store.paging import check_limit, read_cursor, write_cursor
from app.store.queries.claim import best_r
from app.store.queries.explanation import explanations_of_unit
from app.store.queries.model import (
    check_choice,
    check_kind,
    count_units,
)
from app.store.queries.relation import get_output_side, get_related
from app.store.reading import NUMBERS, ROW_COLUMNS, dead_column, statistics_view, unit_row
from app.store.tables import (
    ExemplarTable,
    SiteSummaryTable,
    SiteTable,
    UnitHistogramTable,
    UnitStatisticsTable,
)
from app.store.tables.unit import SORTED
from app.store.views.base import Page
from app.store.views.unit import UnitRow, UnitView

SORTS = ("index", *NUMBERS)
BY_SCORE = "r"
"""Sorts by r on test of what explains the unit best."""
ORDERS = ("asc", "desc")
EXEMPLAR_KINDS = ("top", "bottom", "interval", "random")
LARGE_SITE = 8192
"""Units from which on it is worth asking how far a page of a column without an index reaches."""
Statistics, Histograms = UnitStatisticsTable, UnitHistogramTable
STATISTICS = (
    select(*ROW_COLUMNS, Statistics.n_windows, Histograms.histogram)
    .join(
        Histograms,
        and_(
            Histograms.run_id == Statistics.run_id,
            Histograms.site_id == Statistics.site_id,
            Histograms.split == Statistics.split,
            Histograms.unit_index == Statistics.unit_index,
        ),
    )
    .where(
        Statistics.run_id == bindparam("run_id"),
        Statistics.site_id == bindparam("site_id"),
        Statistics.split.in_(bindparam("splits", expanding=True)),
        Statistics.unit_index == bindparam("unit_index"),
    )
)
FIT_ROWS = select(*ROW_COLUMNS).where(
    Statistics.run_id == bindparam("run_id"),
    Statistics.site_id == bindparam("site_id"),
    Statistics.split == "fit",
    Statistics.unit_index.in_(bindparam("units", expanding=True)),
)
SITES = (
    select(SiteTable.id, SiteTable.name, SiteTable.kind, SiteTable.n_units)
    .where(SiteTable.model_id == bindparam("model_id"))
    .order_by(SiteTable.id)
)
PERCENTILES = select(SiteSummaryTable.n_units, SiteSummaryTable.quantiles).where(
    SiteSummaryTable.run_id == bindparam("run_id"),
    SiteSummaryTable.statistic == bindparam("statistic"),
    SiteSummaryTable.split == bindparam("split"),
    SiteSummaryTable.site_id == bindparam("site_id"),
)
EXEMPLAR_SETS = select(ExemplarTable.split, ExemplarTable.groups).where(
    ExemplarTable.run_id == bindparam("run_id"),
    ExemplarTable.site_id == bindparam("site_id"),
    ExemplarTable.unit_index == bindparam("unit_index"),
)


def list_units(
    session: Session,
    *,
    model: str,
    site: str,
    split: str = "fit",
    run_id: int | None = None,
    sort: str = "index",
    order: str = "asc",
    density_min: float | None = None,
    density_max: float | None = None,
    maximum_min: float | None = None,
    maximum_max: float | None = None,
    kurtosis_min: float | None = None,
    kurtosis_max: float | None = None,
    dead: bool | None = None,
    flagged: bool | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[UnitRow]:
    """A page of the site's table.

    Equal values follow the index in the direction of the order; undefined values come last in
    both. A unit whose value is undefined passes no bound. Raises BadRequestError for an unknown
    sort or order, a limit out of bounds, and a cursor of another sort.
    """
    check_choice("sort", sort, (*SORTS, BY_SCORE))
    check_choice("order", order, ORDERS)
    check_limit(limit)
    place = locate_site(session, model=model, site=site, run_id=run_id)
    check_split(place, split)
    bounds = {
        Statistics.density: (density_min, density_max),
        Statistics.maximum: (maximum_min, maximum_max),
        Statistics.kurtosis: (kurtosis_min, kurtosis_max),
    }
    narrowed = list(_within(bounds))
    if dead is not None:
        is_dead = dead_column(place.kind, place.facts)
        narrowed.append(is_dead if dead else is_dead.is_not(True))
    if flagged is not None:
        narrowed.append(Statistics.n_nonfinite > 0 if flagged else Statistics.n_nonfinite == 0)
    query = select(*ROW_COLUMNS).where(
        Statistics.run_id == place.run_id,
        Statistics.site_id == place.site_id,
        Statistics.split == split,
        *narrowed,
    )
    column: Any = None if sort == "index" else getattr(Statistics, sort, None)
    if sort == BY_SCORE:
        best = best_r(place.site_id, place.run_id)
        column = best.c.r
        query = query.add_columns(column).outerjoin(
            best, best.c.unit_index == Statistics.unit_index
        )
    name = f"{sort}:{order}"
    after = None if cursor is None else read_cursor(cursor, name)
    bound = None
    if not narrowed and sort not in ("index", BY_SCORE, *SORTED) and place.n_units >= LARGE_SITE:
        bound = _bound(session, place, split, sort, order, after, limit + 1)
    rows = _read_page(session, query, column, order, after, limit + 1, bound)
    items = [unit_row(place, site=place.site, kind=place.kind, row=row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page[UnitRow](items=items, next_cursor=None)
    value = None if sort == "index" else getattr(rows[limit - 1], sort)
    return Page[UnitRow](items=items, next_cursor=write_cursor(name, value, items[-1].index))


def get_unit(
    session: Session, *, model: str, site: str, index: int, run_id: int | None = None
) -> UnitView:
    """All that is known of one unit, but for its exemplars; `n_units` bounds its neighbours."""
    place = locate_site(session, model=model, site=site, run_id=run_id)
    check_index(place, index)
    key = {"run_id": place.run_id, "site_id": place.site_id, "unit_index": index}
    rows = fetch(session, STATISTICS, {**key, "splits": place.splits}).all()
    kept = {
        (row.split, group_kind(group))
        for row in fetch(session, EXEMPLAR_SETS, key)
        for group in set(row.groups)
    }
    by_split = {
        row.split: statistics_view(place, site=place.site, kind=place.kind, row=row) for row in rows
    }
    return UnitView(
        model=place.model,
        site=place.site,
        index=index,
        kind=place.kind,
        layer=place.layer,
        n_units=place.n_units,
        run_id=place.run_id,
        statistics=[by_split[split] for split in place.splits if split in by_split],
        output=get_output_side(session, place, index),
        related=get_related(session, place, index),
        exemplar_sets=[
            (split, kind)
            for split in place.splits
            for kind in EXEMPLAR_KINDS
            if (split, kind) in kept
        ],
        explanations=explanations_of_unit(session, place, index),
    )


def random_units(
    session: Session,
    *,
    model: str,
    n: int,
    seed: int,
    run_id: int | None = None,
    kind: str | None = None,
) -> list[UnitRow]:
    """`n` units drawn uniformly from those that have statistics in the fit split.

    The seed decides: the same seed draws the same units as long as the same units have numbers,
    and the first of a larger draw are those of a smaller one.
    """
    check_limit(n)
    check_kind(kind)
    subject = locate(session, model=model, run_id=run_id)
    sites: list[Row[*tuple[Any, ...]]] = [
        site
        for site in session.execute(SITES, {"model_id": subject.model_id})
        if kind in (None, site.kind)
    ]
    counts = count_units(session, run_id=subject.run_id, site_ids=[site.id for site in sites])
    drawn = _draw([site for site in sites if counts[site.id].get("fit")], seed)
    found: list[UnitRow] = []
    while len(found) < n and (batch := list(islice(drawn, n - len(found)))):
        found += _rows_of(session, subject, batch)
    return found


def _within(
    bounds: dict[InstrumentedAttribute[float | None], tuple[float | None, float | None]],
) -> Iterator[ColumnElement[bool]]:
    for column, (low, high) in bounds.items():
        if any(bound is not None and math.isnan(bound) for bound in (low, high)):
            raise BadRequestError(
                f"A bound of {column.key} is not a number.", hint="Give a number."
            )
        if low is not None:
            yield column >= low
        if high is not None:
            yield column <= high


def _read_page(
    session: Session,
    query: Select[Any],
    column: Any,  # noqa: ANN401 - of the table or of a subquery
    order: str,
    after: tuple[float | None, int] | None,
    limit: int,
    bound: float | None,
) -> list[Row[Any]]:
    """The rows behind `after`: first those with a value, by the index, then those without; without
    a column all by the index.

    Where as many lie on this side of `bound`, it is those.
    """
    index = Statistics.unit_index
    if column is None:
        if after is not None:
            query = query.where(index < after[1] if order == "desc" else index > after[1])
        return list(session.execute(query.order_by(_directed(index, order)).limit(limit)))
    rows: list[Row[Any]] = []
    if after is None or after[0] is not None:
        defined = query.where(column.is_not(None))
        if after is not None:
            defined = defined.where(_behind(column, index, order, after))
        defined = defined.order_by(_directed(column, order), _directed(index, order))
        if bound is not None:
            near = defined.where(column >= bound if order == "desc" else column <= bound)
            rows = list(session.execute(near.limit(limit)))
        if len(rows) < limit:
            rows = list(session.execute(defined.limit(limit)))
    if len(rows) < limit:
        undefined = query.where(column.is_(None))
        if after is not None and after[0] is None:
            undefined = undefined.where(_directed_past(index, order, after[1]))
        undefined = undefined.order_by(_directed(index, order)).limit(limit - len(rows))
        rows += session.execute(undefined)
    return rows


def _bound(
    session: Session,
    place: Place,
    split: str,
    sort: str,
    order: str,
    after: tuple[float | None, int] | None,
    limit: int,
) -> float | None:
    value = None
    if after is not None:
        value, _ = after
        if value is None:
            return None
    key = {"run_id": place.run_id, "statistic": sort, "split": split, "site_id": place.site_id}
    row = session.execute(PERCENTILES, key).one_or_none()
    if row is None:
        return None
    percentiles = unpack(row.quantiles, np.float32)
    return page_bound(percentiles, row.n_units, order=order, after=value, limit=limit)


def _directed(column: Any, order: str) -> Any:  # noqa: ANN401
    return column.desc() if order == "desc" else column.asc()


def _directed_past(column: Any, order: str, value: float | None) -> Any:  # noqa: ANN401
    return column < value if order == "desc" else column > value


def _behind(column: Any, index: Any, order: str, after: tuple[float | None, int]) -> Any:  # noqa: ANN401
    value, at = after
    reached = column <= value if order == "desc" else column >= value  # a range of the index
    past = _directed_past(column, order, value)
    return and_(reached, or_(past, _directed_past(index, order, at)))


def _draw(
    sites: list[Row[*tuple[Any, ...]]], seed: int
) -> Iterator[tuple[Row[*tuple[Any, ...]], int]]:
    """Every unit once, in an order that only the seed and the sites decide."""
    total = sum(site.n_units for site in sites)
    generator = random.Random(f"units {seed}")  # noqa: S311 (a sample, no secret)
    seen: set[int] = set()
    while len(seen) < total:
        number = generator.randrange(total)
        if number in seen:
            continue
        seen.add(number)
        for site in sites:
            if number < site.n_units:
                yield site, number
                break
            number -= site.n_units


def _rows_of(
    session: Session, subject: Subject, wanted: list[tuple[Row[*tuple[Any, ...]], int]]
) -> list[UnitRow]:
    """In the order asked for; units without statistics are left out."""
    by_site: dict[int, list[int]] = {}
    for site, unit in wanted:
        by_site.setdefault(site.id, []).append(unit)
    found: dict[tuple[int, int], Row[Any]] = {}
    for site_id, units in by_site.items():
        key = {"run_id": subject.run_id, "site_id": site_id, "units": units}
        found |= {(site_id, row.unit_index): row for row in fetch(session, FIT_ROWS, key)}
    return [
        unit_row(subject, site=site.name, kind=site.kind, row=found[site.id, unit])
        for site, unit in wanted
        if (site.id, unit) in found
    ]
