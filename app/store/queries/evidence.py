"""Causal evidence in bulk: of a site's explanations, of a whole model."""

from collections import defaultdict
from typing import Any, Final

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from app.store.fetching import fetch
from app.store.locating import locate, locate_site
from app.store.paging import check_limit, read_cursor, write_cursor
from app.store.queries.causal import IN_FULL, newest, views_of
from app.store.queries.explanation import lines_of
from app.store.tables import (
    CausalScoreTable,
    CausalSummaryTable,
    ExplanationTable,
    RunTable,
    SiteReplacementTable,
    SiteTable,
)
from app.store.views.base import Page
from app.store.views.causal import (
    BADGES,
    CausalLine,
    CausalSummaryView,
    EvidenceRunView,
    ModelEvidenceView,
    SiteReplacementView,
)

Score, Explanation = CausalScoreTable, ExplanationTable
SORT: Final = "evidence"
RUNS: Final = (
    select(RunTable.id, RunTable.status, RunTable.parameters)
    .where(
        RunTable.of_run_id == bindparam("sweep_id"),
        RunTable.id.in_(select(CausalSummaryTable.run_id)),
    )
    .order_by(RunTable.id)
)


def list_causal(
    session: Session,
    *,
    model: str,
    site: str,
    run_id: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[CausalLine]:
    """Current explanations of a site's units that have causal scores, by id."""
    check_limit(limit)
    place = locate_site(session, model=model, site=site, run_id=run_id)
    after = 0 if cursor is None else read_cursor(cursor, SORT)[1]
    query = (
        select(Explanation.id)
        .where(
            Explanation.site_id == place.site_id,
            Explanation.sweep_id == place.run_id,
            Explanation.status == "current",
            Explanation.id > after,
            Explanation.id.in_(select(Score.explanation_id)),
        )
        .order_by(Explanation.id)
        .limit(limit + 1)
    )
    ids = session.scalars(query).all()
    shown = ids[:limit]
    lines = lines_of(session, shown)
    scores: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in fetch(session, IN_FULL, {"ids": list(shown)}) if shown else ():
        scores[row.explanation_id].append(row)
    items = [
        CausalLine(
            explanation_id=number,
            model=lines[number].model,
            site=lines[number].site,
            index=lines[number].index,
            method=lines[number].method,
            badges=lines[number].badges,
            scores=views_of(newest(scores[number])),
        )
        for number in shown
    ]
    more = len(ids) > limit
    return Page[CausalLine](
        items=items, next_cursor=write_cursor(SORT, None, shown[-1]) if more else None
    )


def model_evidence(session: Session, *, model: str, run_id: int | None = None) -> ModelEvidenceView:
    """How many of each site's randomly chosen units earn each badge, in one run on the sweep; and
    whole sites replaced, each of the newest run that did."""
    subject = locate(session, model=model, run_id=run_id)
    run = _run(session, subject.run_id)
    of_run = {"run_id": None if run is None else run.run_id}
    summaries, sites = CausalSummaryTable, SiteReplacementTable
    counted = (
        select(summaries, SiteTable.name, SiteTable.layer, SiteTable.n_units.label("n_of_site"))
        .join(SiteTable, SiteTable.id == summaries.site_id)
        .where(summaries.run_id == bindparam("run_id"))
        .order_by(SiteTable.layer, SiteTable.id)
    )
    replaced = (
        select(sites, SiteTable.name, SiteTable.layer, SiteTable.n_units.label("n_of_site"))
        .join(SiteTable, SiteTable.id == sites.site_id)
        .join(RunTable, RunTable.id == sites.run_id)
        .where(RunTable.of_run_id == bindparam("sweep_id"))
        .order_by(SiteTable.layer, SiteTable.id, sites.run_id)
    )
    whole = {
        (row.name, row[0].score): _site(subject.model, row)
        for row in session.execute(replaced, {"sweep_id": subject.run_id})
    }
    found = [_summary(subject.model, row) for row in session.execute(counted, of_run)]
    found.sort(key=lambda one: (one.layer, BADGES.index(one.badge)))
    sites_replaced = list(whole.values())
    return ModelEvidenceView(model=subject.model, run=run, summaries=found, sites=sites_replaced)


def _run(session: Session, sweep_id: int | None) -> EvidenceRunView | None:
    """A small run that was made later must not take the place of one over all sites."""
    runs = [
        EvidenceRunView(run_id=row.id, status=row.status, site=row.parameters.get("site"))
        for row in session.execute(RUNS, {"sweep_id": sweep_id})
    ]
    whole = [run for run in runs if run.status == "finished" and run.site is None]
    found = whole or runs
    return found[-1] if found else None


def _summary(model: str, row: Row[*tuple[Any, ...]]) -> CausalSummaryView:
    stored: CausalSummaryTable = row[0]
    counts = (
        "run_id", "split", "badge", "n_units", "n_earned", "n_refuted", "n_undecided",
        "n_untested", "n_valued", "mean", "median", "by_luck",
    )  # fmt: skip
    return CausalSummaryView(
        model=model, site=row.name, layer=row.layer, n_units_of_site=row.n_of_site,
        **{name: getattr(stored, name) for name in counts},
    )  # fmt: skip


def _site(model: str, row: Row[*tuple[Any, ...]]) -> SiteReplacementView:
    stored: SiteReplacementTable = row[0]
    own = ("model", "site", "layer", "n_units_of_site", "status")
    return SiteReplacementView(
        model=model,
        site=row.name,
        layer=row.layer,
        n_units_of_site=row.n_of_site,
        status="ok" if stored.status == "scored" else stored.status,
        **{
            name: getattr(stored, name)
            for name in SiteReplacementView.model_fields
            if name not in own
        },
    )
