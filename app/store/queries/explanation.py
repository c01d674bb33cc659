"""Explanations as they are read: a unit's list, and one in full with scores and history."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, Text, and_, bindparam, case, select, type_coerce
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.badges import badges_of
from app.store.fetching import fetch
from app.store.locating import Place, check_index, locate_site
from app.store.paging import check_limit, is_integer, read_cursor, write_cursor
from app.store.queries.causal import Causal, for_badges
from app.store.queries.held_out import held_out
from app.store.queries.later_run import NEWEST, explained_again
from app.store.queries.model import check_choice
from app.store.queries.score import METHODS, OF_EXPLANATIONS, ROW, scores_of
from app.store.queries.version import how_many_on_test, versions_of
from app.store.reading_scores import headline_views
from app.store.tables import (
    ExplanationTable,
    ModelTable,
    RunTable,
    ScoreTable,
    SiteTable,
    UnitStatisticsTable,
)
from app.store.views.base import Page
from app.store.views.explanation import WORDS_EDITED, ExplanationLine, ExplanationView

STATUSES: Final = ("current", "replaced", "withdrawn", "failed")
SORT: Final = "explanations"
Explanations, Scores, Statistics = ExplanationTable, ScoreTable, UnitStatisticsTable
ORDER: Final = (
    case({status: n for n, status in enumerate(STATUSES)}, value=Explanations.status),
    case({method: n for n, method in enumerate(METHODS)}, value=Explanations.method),
)
MARK: Final = f'"{WORDS_EDITED}": true'
"""As details are written; in a text within them its quotes would be escaped."""
LINE: Final = (
    Explanations.id, Explanations.site_id, Explanations.unit_index, Explanations.method,
    Explanations.author, Explanations.status, Explanations.version, Explanations.bits,
    Explanations.n_rules, Explanations.n_listed, Explanations.run_id, Explanations.sweep_id,
    Explanations.created_at, Explanations.origin_id, Explanations.text,
    Explanations.program.is_not(None).label("has_program"),
    explained_again().label("explained_again"),
    and_(
        Explanations.version > 1,
        type_coerce(Explanations.details, Text).contains(MARK, autoescape=True),
    ).label("words_edited"),
)  # fmt: skip
SHORT: Final = 40
CHOSEN = (
    select(Explanations.id)
    .where(
        Explanations.site_id == bindparam("site_id"),
        Explanations.unit_index == bindparam("unit_index"),
        Explanations.status.in_(("current", "failed")),
        NEWEST,
    )
    .order_by(*ORDER, Explanations.id.desc())
    .limit(SHORT)
    .subquery()
)
"""The short list of a page: so many explanations, however many scores each has."""
OF_UNIT = (
    select(*LINE, *ROW)
    .join(CHOSEN, CHOSEN.c.id == Explanations.id)
    .outerjoin(Scores, Scores.explanation_id == Explanations.id)
    .order_by(*ORDER, Explanations.id.desc())
)
FULL = (
    select(*LINE, Explanations.model_id, Explanations.details, Explanations.program,
           Explanations.search_key, ModelTable.name.label("model"), ModelTable.facts,
           SiteTable.name.label("site"), RunTable.corpus_id, Statistics.skewness,
           Statistics.minimum)
    .join(SiteTable, SiteTable.id == Explanations.site_id)
    .join(ModelTable, ModelTable.id == Explanations.model_id)
    .outerjoin(RunTable, RunTable.id == Explanations.sweep_id)
    .outerjoin(
        Statistics,
        (Statistics.run_id == Explanations.sweep_id)
        & (Statistics.site_id == Explanations.site_id)
        & (Statistics.split == "fit")
        & (Statistics.unit_index == Explanations.unit_index),
    )
    .where(Explanations.id == bindparam("explanation_id"))
)  # fmt: skip
LINES = (
    select(*LINE, ModelTable.name.label("model"), SiteTable.name.label("site"))
    .join(SiteTable, SiteTable.id == Explanations.site_id)
    .join(ModelTable, ModelTable.id == Explanations.model_id)
    .where(Explanations.id.in_(bindparam("ids", expanding=True)))
)


def explanations_of_unit(session: Session, place: Place, index: int) -> list[ExplanationLine]:
    """The short list of a unit's page: current ones by method, then failed ones, `SHORT` at most.

    Of several runs of one method on the place's sweep, only what the newest found.
    """
    rows: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    key = {"site_id": place.site_id, "sweep_id": place.run_id, "unit_index": index}
    for row in fetch(session, OF_UNIT, key):
        rows[row.id].append(row)
    causal = for_badges(session, list(rows))
    return [_line(some, causal, model=place.model, site=place.site) for some in rows.values()]


def list_explanations(
    session: Session,
    *,
    model: str,
    site: str,
    index: int,
    status: str | None = None,
    method: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[ExplanationLine]:
    """All of a unit's explanations, whoever made them: current ones first, by method, newest
    first; then failed, replaced and withdrawn ones."""
    check_limit(limit)
    place = locate_site(session, model=model, site=site)
    check_index(place, index)
    query = select(*LINE).where(
        Explanations.site_id == place.site_id, Explanations.unit_index == index
    )
    if status is not None:
        check_choice("status", status, STATUSES)
        query = query.where(Explanations.status == status)
    if method is not None:
        check_choice("method", method, METHODS)
        query = query.where(Explanations.method == method)
    first = 0 if cursor is None else read_cursor(cursor, SORT)[1]
    ordered = query.order_by(*ORDER, Explanations.id.desc()).offset(first).limit(limit + 1)
    rows = session.execute(ordered).all()
    shown = [row.id for row in rows[:limit]]
    scores, causal = _scores_of(session, shown), for_badges(session, shown)
    items = [
        _line([row], causal, scores=scores[row.id], model=place.model, site=place.site)
        for row in rows[:limit]
    ]
    more = len(rows) > limit
    return Page[ExplanationLine](
        items=items, next_cursor=write_cursor(SORT, None, first + limit) if more else None
    )


def lines_of(session: Session, ids: Sequence[int]) -> dict[int, ExplanationLine]:
    """Explanations of any units, by id."""
    if not ids:
        return {}
    rows = fetch(session, LINES, {"ids": ids}).all()
    scores, causal = _scores_of(session, ids), for_badges(session, ids)
    return {
        row.id: _line([row], causal, scores=scores[row.id], model=row.model, site=row.site)
        for row in rows
    }


def get_explanation(session: Session, *, explanation_id: int) -> ExplanationView:
    row = require_explanation(session, explanation_id)
    line = _line(
        [row],
        for_badges(session, [row.id]),
        scores=_scores_of(session, [row.id])[row.id],
        model=row.model,
        site=row.site,
    )
    origin_id = row.origin_id or row.id
    versions = versions_of(session, origin_id=origin_id)
    n_versions, n_others = how_many_on_test(
        session, origin_id=origin_id, site_id=row.site_id, unit_index=row.unit_index
    )
    return ExplanationView(
        **{name: getattr(line, name) for name in ExplanationLine.model_fields},
        origin_id=origin_id,
        program=row.program,
        details=row.details,
        fires_negatively=_fires_negatively(row),
        held_out=None if row.corpus_id is None else held_out(session, corpus_id=row.corpus_id),
        scores=scores_of(session, explanation_id=row.id, method=row.method),
        n_versions_on_test=n_versions,
        n_others_on_test=n_others,
        history=versions.items,
        history_cursor=versions.next_cursor,
    )


def _fires_negatively(row: Row[*tuple[Any, ...]]) -> bool | None:
    if row.skewness is None or row.minimum is None:
        return None
    return bool(row.facts.get("gated", False) and row.minimum < 0 and row.skewness < 0)


def require_explanation(session: Session, explanation_id: int) -> Row[*tuple[Any, ...]]:
    """Its row of `FULL`. Raises NotFoundError."""
    row: Row[*tuple[Any, ...]] | None = None
    if is_integer(explanation_id):
        row = session.execute(FULL, {"explanation_id": explanation_id}).one_or_none()
    if row is None:
        raise no_explanation(explanation_id)
    return row


def no_explanation(explanation_id: int | str) -> NotFoundError:
    return NotFoundError(
        f"There is no explanation {explanation_id}.",
        hint="Explanations are listed on the page of their unit, and found by search.",
    )


def _scores_of(session: Session, ids: Sequence[int]) -> dict[int, list[Row[*tuple[Any, ...]]]]:
    found: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    if ids:
        for row in fetch(session, OF_EXPLANATIONS, {"explanation_ids": ids}):
            found[row.explanation_id].append(row)
    return found


def _line(
    rows: Sequence[Row[*tuple[Any, ...]]],
    causal: Causal,
    *,
    model: str,
    site: str,
    scores: Sequence[Row[*tuple[Any, ...]]] | None = None,
) -> ExplanationLine:
    """`rows` of one explanation, with one score each where `scores` does not hold them."""
    row = rows[0]
    scored = scores if scores is not None else [one for one in rows if one.split is not None]
    headlines = headline_views(scored)
    return ExplanationLine(
        id=row.id,
        model=model,
        site=site,
        index=row.unit_index,
        method=row.method,
        author=row.author,
        status=row.status,
        version=row.version,
        text=row.text,
        has_program=row.has_program,
        words_edited=bool(row.words_edited),
        bits=row.bits,
        n_rules=row.n_rules,
        n_listed=row.n_listed,
        run_id=row.run_id,
        sweep_id=row.sweep_id,
        created_at=row.created_at,
        latest=row.status == "current" and not row.explained_again,
        headlines=headlines,
        badges=badges_of(row.method, headlines, causal.get(row.id, {}), site=site),
    )
