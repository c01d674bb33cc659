"""The best claim about each of some units of a site, in one statement: for lists of units."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Subquery, bindparam, func, select, tuple_
from sqlalchemy.orm import Session

from app.store.badges import badges_of
from app.store.locating import locate, locate_site
from app.store.queries.causal import Causal, for_badges
from app.store.queries.later_run import NEWEST
from app.store.queries.score import ROW
from app.store.reading_scores import headline_views
from app.store.tables import ExplanationTable, ScoreTable, SiteTable
from app.store.views.explanation import CLAIMS, ClaimLine
from app.store.views.score import IMPORTED

Explanations, Scores = ExplanationTable, ScoreTable
TESTED_HERE = (
    (Scores.explanation_id == Explanations.id)
    & (Scores.split == "test")
    & Scores.judge.not_like(f"{IMPORTED}%")
)
"""What an import says of itself makes no claim the best."""
OF_UNITS = (
    select(Explanations.id, Explanations.unit_index, Explanations.method, Explanations.text, *ROW)
    .outerjoin(Scores, TESTED_HERE)
    .where(
        Explanations.site_id == bindparam("site_id"),
        Explanations.unit_index.in_(bindparam("indices", expanding=True)),
        Explanations.status == "current",
        NEWEST,
        Explanations.method.in_(CLAIMS),
    )
    .order_by(Explanations.id)
)

OF_ANY = (
    select(
        Explanations.id, Explanations.site_id, Explanations.unit_index, Explanations.method,
        Explanations.text, *ROW,
    )
    .outerjoin(Scores, TESTED_HERE)
    .where(
        tuple_(Explanations.site_id, Explanations.unit_index).in_(
            bindparam("units", expanding=True)
        ),
        Explanations.status == "current",
        NEWEST,
        Explanations.method.in_(CLAIMS),
    )
    .order_by(Explanations.id)
)  # fmt: skip


def best_claims(
    session: Session,
    *,
    model: str,
    site: str,
    indices: Sequence[int],
    run_id: int | None = None,
) -> dict[int, ClaimLine]:
    """By unit: of its current claims the one with the highest r on test, the newest of equals.
    Units about which nothing is claimed are left out."""
    if not indices:
        return {}
    place = locate_site(session, model=model, site=site, run_id=run_id)
    best: dict[int, Row[*tuple[Any, ...]]] = {}
    rows = session.execute(
        OF_UNITS,
        {
            "site_id": place.site_id,
            "sweep_id": place.run_id,
            "indices": list(indices),
        },
    )
    for row in rows:
        before = best.get(row.unit_index)
        if before is None or _rank(row) >= _rank(before):
            best[row.unit_index] = row
    causal = for_badges(session, [row.id for row in best.values()])
    return {index: _line(row, causal, site) for index, row in best.items()}


def best_claims_of(
    session: Session, *, model: str, units: Sequence[tuple[str, int]], run_id: int | None = None
) -> dict[tuple[str, int], ClaimLine]:
    """The same for units of several sites, named by site and index."""
    if not units:
        return {}
    subject = locate(session, model=model, run_id=run_id)
    sites = select(SiteTable.id, SiteTable.name).where(
        SiteTable.model_id == subject.model_id, SiteTable.name.in_({site for site, _ in units})
    )
    names = {row.id: row.name for row in session.execute(sites)}
    ids = {name: site_id for site_id, name in names.items()}
    wanted = [(ids[site], index) for site, index in units if site in ids]
    rows = session.execute(OF_ANY, {"units": wanted, "sweep_id": subject.run_id}) if wanted else ()
    best: dict[tuple[str, int], Row[*tuple[Any, ...]]] = {}
    for row in rows:
        unit = (names[row.site_id], row.unit_index)
        if unit not in best or _rank(row) >= _rank(best[unit]):
            best[unit] = row
    causal = for_badges(session, [row.id for row in best.values()])
    return {unit: _line(row, causal, unit[0]) for unit, row in best.items()}


def best_r(site_id: int, sweep_id: int) -> Subquery:
    """unit_index and r: the highest on test of each unit's current claims; undefined ones and units
    without claims are left out."""
    return (
        select(Explanations.unit_index, func.max(Scores.r).label("r"))
        .join(Scores, TESTED_HERE)
        .where(
            Explanations.site_id == site_id,
            Explanations.status == "current",
            NEWEST,
            Explanations.method.in_(CLAIMS),
            Scores.r.is_not(None),
        )
        .group_by(Explanations.unit_index)
        .params(sweep_id=sweep_id)
        .subquery()
    )


def _rank(row: Row[*tuple[Any, ...]]) -> float:
    r: float | None = row.r
    return -2.0 if r is None else r


def _line(row: Row[*tuple[Any, ...]], causal: Causal, site: str) -> ClaimLine:
    headlines = headline_views([row] if row.split is not None else [])
    return ClaimLine(
        id=row.id,
        index=row.unit_index,
        method=row.method,
        text=row.text,
        headlines=headlines,
        badges=badges_of(row.method, headlines, causal.get(row.id, {}), site=site),
    )
