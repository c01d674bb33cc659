"""q-values: at which false discovery rate a unit counts as better explained than by chance.

Benjamini and Hochberg over every unit that the run explained by the method, where a unit without a
p counts as p = 1: as `analysis.worker.explaining.summarising` counts how many are better. p comes
from a thousand resamples, so a run has at most a thousand different ones; the table from p to q is
read once for as many units as the run's summaries are of, and kept. Runs of picked units have no
summaries, and no q: their units are no sample of anything.
"""

from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from app.store.tables import ExplanationTable, ScoreSummaryTable, ScoreTable

MOST_KEPT: Final = 64
Key = tuple[int, str, str, str, int]
Tables = dict[Key, dict[float, float]]
UNITS: Final = (
    select(ScoreSummaryTable.split, func.sum(ScoreSummaryTable.n_units))
    .where(
        ScoreSummaryTable.run_id == bindparam("run_id"),
        ScoreSummaryTable.method == bindparam("method"),
    )
    .group_by(ScoreSummaryTable.split)
)
CHANCES: Final = (
    select(ScoreTable.p, func.count())
    .select_from(ExplanationTable)
    .outerjoin(
        ScoreTable,
        and_(
            ScoreTable.explanation_id == ExplanationTable.id,
            ScoreTable.split == bindparam("split"),
            ScoreTable.judge == bindparam("judge"),
            ScoreTable.run_id == bindparam("run_id"),
        ),
    )
    .where(
        ExplanationTable.run_id == bindparam("run_id"),
        ExplanationTable.method == bindparam("method"),
        ExplanationTable.version == 1,
    )
    .group_by(ScoreTable.p)
)
_known: WeakKeyDictionary[Pool, Tables] = WeakKeyDictionary()
"""By the pool, which sessions that write share with those that read; their engines differ."""


def units_of_run(session: Session, *, run_id: int, method: str) -> dict[str, int]:
    """By split, how many units the run's summaries are of."""
    rows = session.execute(UNITS, {"run_id": run_id, "method": method})
    return {split: int(n) for split, n in rows}


def q_of(
    session: Session, *, run_id: int, method: str, split: str, judge: str, n_units: int, p: float
) -> float | None:
    """None where the unit came after the table was read: the next summaries will have it."""
    known = _known.setdefault(session.get_bind().engine.pool, {})
    key = (run_id, method, split, judge, n_units)
    if key not in known:
        if len(known) >= MOST_KEPT:
            known.clear()
        known[key] = _read(session, key)
    return known[key].get(p)


def _read(session: Session, key: Key) -> dict[float, float]:
    run_id, method, split, judge, _ = key
    from analysis.score.multiplicity import q_values  # the store opens without the analysis

    values = {"run_id": run_id, "method": method, "split": split, "judge": judge}
    rows = session.execute(CHANCES, values).all()
    chances = np.array([np.nan if p is None else p for p, _ in rows], np.float64)
    every = np.repeat(chances, [n for _, n in rows])
    return dict(zip(every.tolist(), q_values(every).tolist(), strict=True))
