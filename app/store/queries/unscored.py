"""Imported programs that nobody has scored here yet: what their file says does not count."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.store.locating import require_model
from app.store.tables import ExplanationTable, ScoreTable, SiteTable

Explanations = ExplanationTable


class Unscored(NamedTuple):
    id: int
    site: str
    unit_index: int
    program: str


def count_unscored(session: Session, *, model: str) -> int:
    query = select(func.count()).select_from(Explanations)
    return session.scalars(query.where(*_unscored(require_model(session, name=model)))).one()


def next_unscored(
    session: Session, *, model: str, after_id: int = 0, limit: int = 100
) -> list[Unscored]:
    """In order of ids."""
    rows = session.execute(
        select(Explanations.id, SiteTable.name, Explanations.unit_index, Explanations.program)
        .join(SiteTable, SiteTable.id == Explanations.site_id)
        .where(Explanations.id > after_id, *_unscored(require_model(session, name=model)))
        .order_by(Explanations.id)
        .limit(limit)
    )
    return [Unscored(*row[:3], row.program or "") for row in rows]


def _unscored(model_id: int) -> tuple[ColumnElement[bool], ...]:
    scored = select(ScoreTable.id).where(
        ScoreTable.explanation_id == Explanations.id, ScoreTable.judge == "program"
    )
    return (
        Explanations.model_id == model_id, Explanations.method == "import",
        Explanations.status == "current", Explanations.program.is_not(None), ~scored.exists(),
    )  # fmt: skip
