"""Explanations of which people make different things, the greatest difference first.

Two people disagree where their verdicts differ, or where one gives two steps more than the other on
one of the scales. How much: `DisagreementLine.amount`.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Float, Select, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.paging import check_limit, is_integer, read_cursor, write_cursor
from app.store.queries.asked_judgements import Asked
from app.store.queries.decision import counts_in, decisions_counting, decisions_of
from app.store.queries.explanation import no_explanation
from app.store.queries.given import Given, counting, given_of, joined
from app.store.tables import (
    DecisionTable,
    ExplanationTable,
    JudgementTable,
    SiteTable,
)
from app.store.views.base import Page
from app.store.views.disagreement import (
    APART,
    About,
    DisagreementLine,
    DisputeView,
    GivenView,
    PlaceInList,
    SpreadView,
    State,
)
from app.store.views.judgement import VERDICTS, JudgementView

SORT: Final = "disagreements"
MOST_PLACED: Final = 10_000
SCALES: Final = ("specificity", "sensitivity")
LARGEST_STEP: Final = 4
Judgements, Explanations = JudgementTable, ExplanationTable


class Wanted(NamedTuple):
    """Which of them a list shows."""

    state: State = "open"
    about: About = "any"
    site: str | None = None


def list_disagreements(
    session: Session,
    asked: Asked,
    wanted: Wanted = Wanted(),  # noqa: B008 - a tuple
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[DisagreementLine]:
    """`open`: those without a decision that counts."""
    check_limit(limit)
    first = 0 if cursor is None else read_cursor(cursor, SORT)[1]
    rows = session.execute(_ordered(asked, wanted).offset(first).limit(limit + 1)).all()
    items = _lines(session, asked, [row.explanation_id for row in rows[:limit]])
    more = len(rows) > limit
    return Page[DisagreementLine](
        items=items, next_cursor=write_cursor(SORT, None, first + limit) if more else None
    )


def place_in_list(
    session: Session, asked: Asked, wanted: Wanted, *, explanation_id: int
) -> PlaceInList:
    """Of one that is not among them, the first of those that are is what comes after."""
    ordered = _ordered(asked, wanted).limit(MOST_PLACED)
    ids = [row.explanation_id for row in session.execute(ordered)]
    if explanation_id not in ids:
        return PlaceInList(number=None, of=len(ids), before=None, after=ids[0] if ids else None)
    at = ids.index(explanation_id)
    return PlaceInList(
        number=at + 1,
        of=len(ids),
        before=ids[at - 1] if at else None,
        after=ids[at + 1] if at + 1 < len(ids) else None,
    )


def get_dispute(session: Session, asked: Asked, *, explanation_id: int, actor: str) -> DisputeView:
    """Whatever people make of it, also where they agree. Raises NotFoundError where nobody has
    judged it, or it is not of this model or campaign."""
    lines = _lines(session, asked, [explanation_id]) if is_integer(explanation_id) else []
    if not lines:
        if not is_integer(explanation_id):
            raise no_explanation(explanation_id)
        raise NotFoundError(
            f"Explanation {explanation_id} has no judgements"
            + (
                f" in the campaign {asked.campaign!r}." if asked.campaign else f" of {asked.model}."
            ),
            hint="See the list of disagreements.",
        )
    rows = given_of(session, asked, [explanation_id])
    program = session.scalar(select(Explanations.program).where(Explanations.id == explanation_id))
    return DisputeView(
        **dict(lines[0]),
        program=program,
        judgements=[_given_view(row) for row in rows],
        history=decisions_of(session, explanation_id=explanation_id),
        has_judged=any(row.actor == actor for row in rows),
        expected=next((row.expected for row in rows if row.expected is not None), None),
        campaign=asked.campaign,
    )


def _given_view(row: Given) -> GivenView:
    named = {name: getattr(row, name) for name in JudgementView.model_fields}
    return GivenView(
        **named, origin=row.origin, seconds=row.seconds, campaign=row.campaign,
        guideline=row.guideline, replaced_at=row.replaced_at,
    )  # fmt: skip


def _ordered(asked: Asked, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    """Their ids, in order."""
    differing, steps = _distance() > 0, or_(*(_spread(scale) >= APART for scale in SCALES))
    about = {"any": or_(differing, steps), "verdict": differing, "steps": steps}[wanted.about]
    query = (
        joined(select(Judgements.explanation_id))
        .where(counting(asked))
        .group_by(Judgements.explanation_id)
        .having(and_(func.count() >= 2, about))
        .order_by(_amount().desc(), Judgements.explanation_id)
    )
    decided = exists().where(
        DecisionTable.explanation_id == Judgements.explanation_id,
        counts_in(asked.campaign_id),
    )
    if wanted.state != "all":
        query = query.where(decided if wanted.state == "settled" else ~decided)
    if wanted.site is not None:
        query = query.join(SiteTable, SiteTable.id == Explanations.site_id).where(
            SiteTable.name == wanted.site
        )
    return query


def _n(verdict: str) -> ColumnElement[int]:
    return func.sum(case((Judgements.verdict == verdict, 1), else_=0))


def _distance() -> ColumnElement[Any]:
    """The mean over all pairs of people, from 0 to 2."""
    accept, edit, reject, unsure = map(_n, VERDICTS)
    sure = accept + edit + reject
    pairs = 2 * accept * reject + accept * edit + edit * reject + unsure * sure
    n = func.count()
    return cast(pairs * 2, Float) / func.nullif(n * (n - 1), 0)


def _spread(scale: str) -> ColumnElement[int]:
    column = getattr(Judgements, scale)
    return func.coalesce(func.max(column) - func.min(column), 0)


def _amount() -> ColumnElement[Any]:
    steps = [
        case((_spread(scale) >= APART, cast(_spread(scale), Float) / LARGEST_STEP), else_=0.0)
        for scale in SCALES
    ]
    return func.coalesce(_distance(), 0.0) + steps[0] + steps[1]


def _lines(session: Session, asked: Asked, ids: list[int]) -> list[DisagreementLine]:
    """In the order of the ids, of those that have judgements."""
    if not ids:
        return []
    ends = [
        part
        for scale in SCALES
        for part in (
            func.min(getattr(Judgements, scale)).label(f"{scale}_low"),
            func.max(getattr(Judgements, scale)).label(f"{scale}_high"),
        )
    ]
    counts = [_n(verdict).label(f"n_{verdict}") for verdict in VERDICTS]
    told = joined(
        select(
            Judgements.explanation_id, func.count().label("n"), *counts, *ends,
            _amount().label("amount"),
        )
    ).where(counting(asked), Judgements.explanation_id.in_(ids))  # fmt: skip
    said = told.group_by(Judgements.explanation_id).subquery()
    rows = session.execute(
        select(
            said, SiteTable.name.label("site"), Explanations.unit_index, Explanations.text,
            Explanations.method, Explanations.author, Explanations.status, Explanations.version,
        )
        .join(Explanations, Explanations.id == said.c.explanation_id)
        .join(SiteTable, SiteTable.id == Explanations.site_id)
    )  # fmt: skip
    decided = decisions_counting(session, ids, campaign_id=asked.campaign_id)
    since = _since(session, asked, ids)
    found = {
        row.explanation_id: DisagreementLine(
            explanation_id=row.explanation_id,
            model=asked.model,
            site=row.site,
            index=row.unit_index,
            text=row.text,
            method=row.method,
            author=row.author,
            status=row.status,
            version=row.version,
            n=row.n,
            verdicts={verdict: int(getattr(row, f"n_{verdict}")) for verdict in VERDICTS},
            specificity=_ends(row.specificity_low, row.specificity_high),
            sensitivity=_ends(row.sensitivity_low, row.sensitivity_high),
            amount=float(row.amount),
            decision=decided.get(row.explanation_id),
            n_since=since.get(row.explanation_id, 0),
        )
        for row in rows
    }
    return [found[number] for number in ids if number in found]


def _ends(low: int | None, high: int | None) -> SpreadView | None:
    return None if low is None or high is None else SpreadView(low=low, high=high)


def _since(session: Session, asked: Asked, ids: list[int]) -> dict[int, int]:
    """How many judgements are younger than the decision that counts."""
    query = (
        joined(select(Judgements.explanation_id, func.count().label("n")))
        .join(DecisionTable, DecisionTable.explanation_id == Judgements.explanation_id)
        .where(
            counting(asked), Judgements.explanation_id.in_(ids),
            counts_in(asked.campaign_id), Judgements.created_at > DecisionTable.created_at,
        )
        .group_by(Judgements.explanation_id)
    )  # fmt: skip
    return {row.explanation_id: row.n for row in session.execute(query)}
