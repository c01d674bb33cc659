"""How scores are distributed over the units explained so far, site by site: rows of the model page.

Mean and percentiles are over all units explained, so that methods are compared over the same ones:
a unit without an r (failed, undefined, silent) counts as r = 0, whatever the method.

Units are explained in random order, so whatever is done is a random sample. Which units' own
explanations are better than others' is decided over all at once (Benjamini and Hochberg, 5 %).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, and_, func, select

from analysis.score.multiplicity import q_values
from analysis.worker.explaining.rows import JUDGE
from app.store.packing import COLUMNS, pack, unpack_scores
from app.store.tables import ExplanationTable, ScoreSummaryTable, ScoreTable
from app.store.writing_explanations import SummaryRow, write_score_summaries

FALSE_DISCOVERY_RATE = 0.05
MOST_POINTS = 64
JUDGED_BY = {"rules": JUDGE, "lookup": JUDGE, "language_model": None}
"""By method; None: by the one language model of the run."""


class _Unit(NamedTuple):
    site_id: int
    unit: int
    status: str
    bits: float | None
    scored: str | None
    r: float | None
    p: float | None


def summarise(connection: Connection, *, run_id: int, splits: Sequence[str], seed: int) -> None:
    """Replaces the summaries of the run.

    Language models that were asked for verdicts alone gave no r, and there is nothing to summarise.
    """
    for method, judge in JUDGED_BY.items():
        for split in splits:
            units = _units(connection, run_id, method, judge, split)
            if units and (judge is not None or any(unit.r is not None for unit in units)):
                write_score_summaries(
                    connection, run_id=run_id, rows=_rows(units, method, split, seed)
                )


def is_behind(connection: Connection, *, run_id: int) -> bool:
    """Whether units are stored that the run's summaries do not count: so it is after an attempt
    that ended between the two."""
    explained, told = ExplanationTable, ScoreSummaryTable
    stored = connection.execute(
        select(explained.method, func.count())
        .where(
            explained.run_id == run_id,
            explained.version == 1,
            explained.method.in_(list(JUDGED_BY)),
        )
        .group_by(explained.method)
    )
    counted = connection.execute(
        select(told.method, func.sum(told.n_units))
        .where(told.run_id == run_id)
        .group_by(told.method, told.split)
    )
    each: defaultdict[str, set[int]] = defaultdict(set)
    for method, n in counted:
        each[method].add(int(n))
    return any(each[method] != {n} for method, n in stored)


def _units(
    connection: Connection, run_id: int, method: str, judge: str | None, split: str
) -> list[_Unit]:
    explained, score = ExplanationTable, ScoreTable
    rows = connection.execute(
        select(
            explained.site_id,
            explained.unit_index,
            explained.status,
            explained.bits,
            score.status,
            score.r,
            score.p,
            score.values,
        )
        .outerjoin(
            score,
            and_(
                score.explanation_id == explained.id,
                score.split == split,
                score.run_id == run_id,
                *([] if judge is None else [score.judge == judge]),
            ),
        )
        .where(explained.run_id == run_id, explained.method == method, explained.version == 1)
        .order_by(explained.site_id, explained.unit_index)
    )
    return [_unit(method, *row) for row in rows]


def _unit(method: str, *columns: Any) -> _Unit:  # noqa: ANN401 - columns of a row
    """Of a lookup the whole table, which is what rules are compared with: the explanation that is
    stored is cut to a few tokens, its baseline is not."""
    *rest, values = columns
    unit = _Unit(*rest)
    if method != "lookup" or values is None:
        return unit
    r = float(unpack_scores(values)[0, COLUMNS.index("lookup")])
    status = "undefined" if np.isnan(r) else "scored"
    return unit._replace(scored=status, r=None if np.isnan(r) else r, p=None, bits=None)


def _rows(units: Sequence[_Unit], method: str, split: str, seed: int) -> list[SummaryRow]:
    q = q_values(np.array([np.nan if u.p is None else u.p for u in units], np.float64))
    by_site: defaultdict[int, list[tuple[_Unit, float]]] = defaultdict(list)
    for unit, value in zip(units, q.tolist(), strict=True):
        by_site[unit.site_id].append((unit, value))
    return [_row(site, found, method, split, seed) for site, found in by_site.items()]


def _row(
    site_id: int, found: Sequence[tuple[_Unit, float]], method: str, split: str, seed: int
) -> SummaryRow:
    scored = [(u, q) for u, q in found if u.scored == "scored" and u.r is not None]
    r = np.array([u.r for u, _ in scored], np.float64)
    drawn = np.random.default_rng((seed, site_id)).permutation(len(scored))[:MOST_POINTS]
    points = [
        (scored[at][0].unit, scored[at][0].bits, r[at])
        for at in drawn.tolist()
        if scored[at][0].bits is not None
    ]
    of_all = np.pad(r, (0, len(found) - len(r)))
    quantiles = np.percentile(of_all, np.arange(101)) if len(r) else np.zeros(0)
    return SummaryRow(
        site_id=site_id,
        method=method,
        split=split,
        n_units=len(found),
        n_scored=len(scored),
        n_undefined=sum(u.scored == "undefined" for u, _ in found),
        n_failed=sum(u.status == "failed" or u.scored == "failed" for u, _ in found),
        n_better=sum(q <= FALSE_DISCOVERY_RATE for _, q in scored),
        mean_r=float(of_all.mean()) if len(r) else None,
        quantiles=pack(quantiles, np.float32),
        points=pack(np.array(points, np.float64).reshape(-1, 3), np.float32),
    )
