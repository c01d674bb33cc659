"""Which explanations a choice comes to: all that pass its filters, then so many units by its seed.

drawn = draw(session, model="toy", choice=Choice(n=50, seed=7))
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.store.choice import Choice
from app.store.locating import Subject, locate
from app.store.queries.later_run import explained_again
from app.store.queries.ranking import those_that_count
from app.store.search.asked import read_asked
from app.store.search.index import EXPLANATIONS, facet_of_model
from app.store.search.matching import find_keys
from app.store.tables import ExplanationTable, JudgementTable, ScoreTable, SiteTable
from app.store.views.score import IMPORTED
from app.store.writing_explanations import storable

MOST_FOUND: Final = 2_000
"""By search."""
MOST_CANDIDATES: Final = 1_000_000
"""Explanations that are read to draw from them."""
DISPUTED: Final = (
    select(JudgementTable.explanation_id)
    .where(JudgementTable.replaced_at.is_(None))
    .group_by(JudgementTable.explanation_id)
    .having(func.count(JudgementTable.verdict.distinct()) > 1)
)


@dataclass(frozen=True)
class Drawn:
    explanation_ids: list[int]
    n_candidates: int
    """Units that there were to draw from."""


def draw(session: Session, *, model: str, choice: Choice) -> Drawn:
    """In no order that means anything. Raises NotFoundError where the model was not swept, and
    BadRequestError where nothing passes the filters, or too much does to be read."""
    subject = locate(session, model=model)
    units: dict[str, list[int]] = defaultdict(list)
    rows = session.execute(_candidates(subject, choice).limit(MOST_CANDIDATES + 1)).all()
    if len(rows) > MOST_CANDIDATES:
        raise BadRequestError(
            f"More than {MOST_CANDIDATES:,} explanations pass these filters.",
            hint="Choose from some layers or methods only.",
        )
    found = None if choice.query is None else _found(session, subject, choice.query)
    wanted = frozenset(choice.units)
    for row in rows:
        unit = f"{row.name}/{row.unit_index}"
        if (not wanted or unit in wanted) and (found is None or row.id in found):
            units[unit].append(row.id)
    if not units:
        raise BadRequestError(
            "No explanation passes these filters.", hint="Ask for less, or explain units first."
        )
    drawn = sorted(units, key=choice.place)[: choice.n]
    return Drawn([number for unit in drawn for number in _of_unit(units[unit], choice)], len(units))


def _of_unit(ids: Sequence[int], choice: Choice) -> Sequence[int]:
    return ids if choice.all_of_unit else [min(ids, key=lambda one: choice.place(f"one:{one}"))]


def _candidates(subject: Subject, choice: Choice) -> Select[int, str, int]:
    """Claims that count now, of the sweep that is shown or of none."""
    table = ExplanationTable
    query = (
        select(table.id, SiteTable.name, table.unit_index)
        .join(SiteTable, SiteTable.id == table.site_id)
        .where(
            table.model_id == subject.model_id,
            table.status == "current",
            table.method.in_(choice.methods),
            or_(table.sweep_id.is_(None), table.sweep_id == subject.run_id),
            ~explained_again(),
        )
    )
    if choice.sites:
        query = query.where(SiteTable.name.in_(choice.sites))
    if choice.layers:
        query = query.where(SiteTable.layer.in_(choice.layers))
    if choice.author is not None:
        query = query.where(table.author == storable(choice.author))
    if choice.r_min is not None or choice.r_max is not None:
        query = query.where(_scored(choice))
    if choice.disagreed:
        query = query.where(table.id.in_(DISPUTED))
    return query


def _scored(choice: Choice) -> ColumnElement[bool]:
    low = -1 if choice.r_min is None else choice.r_min
    high = 1 if choice.r_max is None else choice.r_max
    return exists().where(
        ScoreTable.explanation_id == ExplanationTable.id,
        ScoreTable.split == "test",
        ScoreTable.judge.not_like(f"{IMPORTED}%"),
        ScoreTable.r.between(low, high),
    )


def _found(session: Session, subject: Subject, query: str) -> frozenset[int]:
    keys = find_keys(
        session,
        EXPLANATIONS,
        read_asked(query),
        facets=[[facet_of_model(subject.model_id)]],
        n=MOST_FOUND,
    )
    return frozenset(those_that_count(session, keys))
