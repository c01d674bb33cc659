"""Made-up causal evidence for a synthetic model: a run with scores of its rules and output sides,
every state of a badge among them; of heads, without what is said of moves."""

from datetime import timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, select

from app.store.engine import open_session
from app.store.synthetic import SyntheticModel
from app.store.synthetic.catalogue import MOMENT
from app.store.tables import ExplanationTable, RunTable, SiteTable
from app.store.writing_causal import (
    CausalRow,
    CausalSummaryRow,
    SiteReplacementRow,
    write_causal_scores,
    write_causal_summaries,
    write_predictions,
    write_site_replacements,
)

PER_SITE: Final = 8
SAID, MEASURED = MOMENT + timedelta(minutes=10), MOMENT + timedelta(minutes=11)
NO_GAP: Final = "the mean in its place may cost no loss: the interval of what it costs includes 0"
NO_PROGRAM: Final = "no program was found that could take its place"
NO_DIRECTION: Final = "a head writes in no direction of its own, so no token is named beforehand"
Numbers = tuple[float | None, ...]
"""Value, low, high, foil, cut lookup, difference, its low and its high end."""
REPLACED: Final[tuple[Numbers, ...]] = (
    (0.62, 0.5, 0.7, 0.04, 0.31, 0.58, 0.44, 0.66),
    (-0.3, -0.6, -0.1, -0.02, -0.4, -0.28, -0.5, -0.05),
    (0.2, -0.1, 0.5, 0.1, 0.15, 0.1, -0.2, 0.3),
)
"""Earned, refuted, undecided; in turn."""
MOVED: Final[tuple[Numbers, ...]] = (
    (0.7, 0.5, 0.85, 0.02, None, 0.68, 0.48, 0.83),
    (0.0, 0.0, 0.0, 0.03, None, -0.03, -0.05, -0.01),
    (0.1, 0.0, 0.3, 0.05, None, 0.05, -0.05, 0.25),
)
SIGNED: Final[Numbers] = (0.9, 0.75, 1.0, 0.5, None, 0.4, 0.25, 0.5)
N_OTHERS: Final = 20
NOTHING: Final[Numbers] = (None,) * 8


def fill_evidence(engine: Engine, made: SyntheticModel, *, seed: int = 0) -> int:
    """The run's id. Of each site the first units are held to account, then the whole site."""
    generator = np.random.default_rng(seed)
    table = ExplanationTable
    with open_session(engine, commit=True) as session:
        sweep = session.get_one(RunTable, made.run_id)
        run = RunTable(
            kind="evidence", method="evidence", method_version="1", status="finished",
            model_id=sweep.model_id, corpus_id=sweep.corpus_id, window_set_id=sweep.window_set_id,
            of_run_id=sweep.id, job_id=sweep.job_id, parameters={"units_per_site": PER_SITE},
            seed=0, dtype="float32", device="cpu", code_version="0.1.0", machine={}, measured={},
            command=f"patchclamp evidence --model {made.name} --run-id {sweep.id}",
            started_at=SAID, finished_at=MEASURED + timedelta(seconds=42),
        )  # fmt: skip
        session.add(run)
        session.flush()
        sites = session.scalars(select(SiteTable).filter_by(model_id=sweep.model_id)).all()
        neurons = [site for site in sites if site.kind == "mlp"]
        for site in sites:
            rows = session.execute(
                select(table.id, table.unit_index, table.method)
                .where(
                    table.site_id == site.id,
                    table.method.in_(("rules", "output")),
                    table.status == "current",
                    table.unit_index < PER_SITE,
                )
                .order_by(table.id)
            ).all()
            contents = {
                row.id: _content(generator, site, row.unit_index) for row in rows if site in neurons
            }
            connection = session.connection()
            said = write_predictions(connection, run_id=run.id, contents=contents, at=SAID)
            scores = [
                score
                for row in rows
                for score in _scores(
                    generator, row.id, row.unit_index, row.method, said.get(row.id)
                )
            ]
            write_causal_scores(connection, run_id=run.id, rows=scores)
            whole = _site(site.id, min(site.n_units, 60))
            write_site_replacements(connection, run_id=run.id, rows=whole)
        summaries = [row for site in neurons for row in _summaries(site.id)]
        write_causal_summaries(session.connection(), run_id=run.id, rows=summaries)
        return run.id


def _content(generator: np.random.Generator, site: SiteTable, unit: int) -> dict[str, Any]:
    tokens = generator.choice(40, 20, replace=False).tolist()
    return {
        "site": site.name, "unit": unit, "source": "output side, from weights", "k": 6.0,
        "value": round(float(generator.uniform(1, 9)), 3), "risers": tokens[:10],
        "fallers": tokens[10:], "texts": [f" w{token}<b>" for token in tokens],
    }  # fmt: skip


def _scores(
    generator: np.random.Generator, number: int, unit: int, method: str, prediction: int | None
) -> list[CausalRow]:
    state = unit % 3
    found = []
    if method == "rules":
        found.append(_row(number, "ablation_to_simulation", REPLACED[state]))
        found.append(
            _row(number, "replacement", REPLACED[0], details={"mean_loss": 0.004})
            if state == 0
            else _row(number, "replacement", NOTHING, reason=NO_GAP)
        )
    if prediction is None:
        unforeseen = ("control_precision", "control_sign")
        return found + [_row(number, score, NOTHING, reason=NO_DIRECTION) for score in unforeseen]
    changes = generator.normal(0, 0.3, 20).round(4).tolist()
    told = {
        "changes": changes,
        "others": [round(-0.1 * change, 4) for change in changes],
        "other_units": list(range(100, 100 + N_OTHERS)),
    }
    for score, numbers in (("control_precision", MOVED[state]), ("control_sign", SIGNED)):
        p = 1 / (1 + N_OTHERS) if state == 0 or score == "control_sign" else 0.5
        found.append(_row(number, score, numbers, prediction=prediction, details=told, p=p))
    return found


def _row(
    number: int,
    score: str,
    numbers: Numbers,
    *,
    reason: str | None = None,
    prediction: int | None = None,
    details: dict[str, Any] | None = None,
    p: float | None = None,
) -> CausalRow:
    value, low, high, foil, cut, difference, difference_low, difference_high = numbers
    return CausalRow(
        number, prediction, "test", score, "undefined" if value is None else "scored", reason,
        value, low, high, foil, cut, difference, difference_low, difference_high, p,
        None if prediction else 12, 12, 9, 570, MEASURED, details or {},
    )  # fmt: skip


def _site(site_id: int, n_replaced: int) -> list[SiteReplacementRow]:
    value, low, high, foil, _, difference, difference_low, difference_high = REPLACED[0]
    return [
        SiteReplacementRow(
            site_id, "test", "ablation_to_simulation", n_replaced, "scored", None, value, low,
            high, foil, difference, difference_low, difference_high, 12, 9, 570, MEASURED,
        ),
        SiteReplacementRow(
            site_id, "test", "replacement", n_replaced, "undefined", NO_GAP, None, None, None,
            None, None, None, None, 12, 9, 570, MEASURED,
        ),
    ]  # fmt: skip


def _summaries(site_id: int) -> list[CausalSummaryRow]:
    return [
        CausalSummaryRow(
            site_id, "test", badge, PER_SITE, earned, 2, 2, 4 - earned, 5, 0.3, 0.2, luck
        )
        for badge, earned, luck in (
            ("predicts", 4, 0.4),
            ("controls", 3, 0.35),
            ("replaces", 2, 1.0),
        )
    ]
