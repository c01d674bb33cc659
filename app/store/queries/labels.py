"""What units are called beside their names: the best short claim about each."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.store.locating import require_model
from app.store.tables import ExplanationTable, ScoreTable, SiteTable

Unit = tuple[str, int]
"""Site and index."""
AT_ONCE: Final = 200
ORDER: Final = {"hand": 0, "language_model": 1, "rules": 2, "import": 3, "output": 4, "lookup": 5}
"""Of methods: words of people first, tables of tokens last."""


def labels_of(session: Session, *, model: str, units: Sequence[Unit]) -> dict[Unit, str]:
    """By unit, the text of its current claim; of several of one method, that of the highest r on
    test. Units without a claim are left out."""
    model_id = require_model(session, name=model)
    sites = dict(
        session.execute(
            select(SiteTable.name, SiteTable.id).where(SiteTable.model_id == model_id)
        ).all()
    )
    names = {number: name for name, number in sites.items()}
    wanted = list(dict.fromkeys((sites[site], index) for site, index in units if site in sites))
    best: dict[Unit, tuple[tuple[int, float], str]] = {}
    table = ExplanationTable
    for some in _batched(wanted):
        rows = session.execute(
            select(table.site_id, table.unit_index, table.method, table.text, ScoreTable.r)
            .outerjoin(
                ScoreTable,
                (ScoreTable.explanation_id == table.id)
                & (ScoreTable.split == "test")
                & (ScoreTable.judge == "program"),
            )
            .where(
                table.status == "current",
                table.text != "",
                tuple_(table.site_id, table.unit_index).in_(some),
            )
            .order_by(table.id)
        )
        for site_id, index, method, text, r in rows:
            unit = names[site_id], index
            rank = (ORDER.get(method, len(ORDER)), -(r or 0.0))
            if unit not in best or rank < best[unit][0]:
                best[unit] = rank, text
    return {unit: text for unit, (_, text) in best.items()}


def _batched(units: list[tuple[int, int]]) -> Sequence[list[tuple[int, int]]]:
    return [units[start : start + AT_ONCE] for start in range(0, len(units), AT_ONCE)]
