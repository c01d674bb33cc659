"""Scores: of one explanation in full, and how they are distributed over the units of each site."""

from typing import Any

import numpy as np
from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from app.store.locating import locate
from app.store.packing import unpack
from app.store.queries.model import check_choice
from app.store.queries.significance import q_of, units_of_run
from app.store.reading import finite_or_none
from app.store.reading_scores import score_views
from app.store.tables import RunTable, ScoreSummaryTable, ScoreTable, SiteTable
from app.store.views.score import ScorePoint, ScoreSummaryView, ScoreView

METHODS = ("rules", "hand", "language_model", "output", "lookup", "import")
ROW = (
    ScoreTable.explanation_id,
    ScoreTable.split,
    ScoreTable.judge,
    ScoreTable.status.label("score_status"),
    ScoreTable.reason,
    ScoreTable.n_windows,
    ScoreTable.n_documents,
    ScoreTable.n_positions,
    ScoreTable.n_failed,
    ScoreTable.r,
    ScoreTable.p,
    ScoreTable.run_id.label("score_run_id"),
    ScoreTable.values,
)
OF_EXPLANATIONS = select(*ROW).where(
    ScoreTable.explanation_id.in_(bindparam("explanation_ids", expanding=True))
)
RULES, LOOKUP = "rules", "lookup"
SIZES = (
    select(SiteTable.kind, func.sum(SiteTable.n_units))
    .where(SiteTable.model_id == bindparam("model_id"))
    .group_by(SiteTable.kind)
)
SUMMARIES = (
    select(
        ScoreSummaryTable,
        SiteTable.name.label("site"),
        SiteTable.kind,
        SiteTable.layer,
        SiteTable.n_units.label("n_units_of_site"),
    )
    .join(SiteTable, SiteTable.id == ScoreSummaryTable.site_id)
    .join(RunTable, RunTable.id == ScoreSummaryTable.run_id)
    .where(RunTable.of_run_id == bindparam("sweep_id"), RunTable.kind.in_(("explain", "score")))
    .order_by(
        SiteTable.layer, SiteTable.kind, ScoreSummaryTable.method, ScoreSummaryTable.split,
        ScoreSummaryTable.run_id,
    )
)  # fmt: skip


def scores_of(session: Session, *, explanation_id: int, method: str) -> list[ScoreView]:
    """Every metric of every split and judge that scored this explanation, test first; with the q of
    its r among all units of the run."""
    rows = session.execute(OF_EXPLANATIONS, {"explanation_ids": [explanation_id]}).all()
    order = {"test": 0, "calibration": 2, "fit": 3}
    ordered = sorted(rows, key=lambda row: (order.get(row.split, 1), row.split, row.judge))
    n_units: dict[int, dict[str, int]] = {
        run_id: units_of_run(session, run_id=run_id, method=method)
        for run_id in {row.score_run_id for row in ordered if row.score_run_id is not None}
    }
    return [
        view
        if view.p is None or view.run_id is None or view.split not in n_units[view.run_id]
        else view.model_copy(
            update={
                "q": q_of(
                    session,
                    run_id=view.run_id,
                    method=method,
                    split=view.split,
                    judge=view.judge,
                    n_units=n_units[view.run_id][view.split],
                    p=view.p,
                )
            }
        )
        for row in ordered
        for view in score_views(row)
    ]


def list_score_summaries(
    session: Session,
    *,
    model: str,
    run_id: int | None = None,
    method: str | None = None,
    split: str | None = None,
    kind: str | None = None,
) -> list[ScoreSummaryView]:
    """By layer, method and split, over the units that the explain and score runs of a sweep (the
    model's current one) have taken in random order. Of several runs of the same method and split,
    the newest that has the site; of token lookups that of the run whose rules are shown, if it has
    one: they are of the same units then."""
    if method is not None:
        check_choice("method", method, METHODS)
    subject = locate(session, model=model, run_id=run_id)
    query = SUMMARIES
    if split is not None:
        query = query.where(ScoreSummaryTable.split == split)
    if kind is not None:
        query = query.where(SiteTable.kind == kind)
    newest: dict[tuple[int, str, str], Row[*tuple[Any, ...]]] = {}
    lookups: dict[tuple[int, str, int], Row[*tuple[Any, ...]]] = {}
    for row in session.execute(query, {"sweep_id": subject.run_id}):
        stored: ScoreSummaryTable = row.ScoreSummaryTable
        newest[stored.site_id, stored.method, stored.split] = row
        if stored.method == LOOKUP:
            lookups[stored.site_id, stored.split, stored.run_id] = row
    beside = {
        key: lookups.get((key[0], key[2], row.ScoreSummaryTable.run_id))
        for key, row in newest.items()
    }
    for site_id, of_method, of_split in list(newest):
        same_run = beside.get((site_id, RULES, of_split))
        if of_method == LOOKUP and same_run is not None:
            newest[site_id, of_method, of_split] = same_run
    sizes = {kind: int(n) for kind, n in session.execute(SIZES, {"model_id": subject.model_id})}
    return [
        _summary(subject.model, row, beside[key], sizes[row.kind])
        for key, row in newest.items()
        if method in (None, key[1])
    ]


def _summary(
    model: str,
    row: Row[*tuple[Any, ...]],
    lookup: Row[*tuple[Any, ...]] | None,
    n_units_of_kind: int,
) -> ScoreSummaryView:
    stored: ScoreSummaryTable = row.ScoreSummaryTable
    # a run explains a unit by all of its methods, so equal numbers are the same units
    same = lookup is not None and lookup.ScoreSummaryTable.n_units == stored.n_units
    points = unpack(stored.points, np.float32, -1, 3)
    return ScoreSummaryView(
        model=model,
        site=row.site,
        kind=row.kind,
        layer=row.layer,
        run_id=stored.run_id,
        method=stored.method,
        split=stored.split,
        n_units_of_site=row.n_units_of_site,
        n_units_of_kind=n_units_of_kind,
        n_units=stored.n_units,
        n_scored=stored.n_scored,
        n_undefined=stored.n_undefined,
        n_failed=stored.n_failed,
        n_better=stored.n_better,
        mean_r=stored.mean_r,
        lookup_mean_r=lookup.ScoreSummaryTable.mean_r if lookup is not None and same else None,
        quantiles=unpack(stored.quantiles, np.float32).tolist(),
        points=[
            ScorePoint(index=int(index), bits=bits, r=r)
            for index, bits, r in finite_or_none(points)
        ],
    )
