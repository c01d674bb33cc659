"""A program has the same scores from a worker and from the web side, whatever a sweep kept."""

import numpy as np
import pytest
from sqlalchemy import select

from analysis.worker.explaining import job
from analysis.worker.inline import run_inline
from analysis.worker.sweeping.job import KIND
from app.store.engine import open_session
from app.store.packing import COLUMNS, METRICS, unpack_notes, unpack_scores
from app.store.queries.explanation import get_explanation
from app.store.requests import ExplainRequest, Sampling
from app.store.tables import ExplanationTable, ScoreTable
from app.trials.claim import make_claim
from tests.worker.explaining.conftest import POOLED
from tests.worker.sweeping.conftest import Swept

COMPARED = [at for at, column in enumerate(COLUMNS) if column != "shuffled"]
"""The shuffled program is one that each draws for itself."""


@pytest.mark.parametrize("n_calibration", [0, 3])
def test_worker_and_web_score_a_program_alike(swept: Swept, n_calibration: int) -> None:
    sampling = POOLED.sampling["default"].model_dump() | {"pool": n_calibration}
    asked = {**POOLED.sampling, "calibration": Sampling(**sampling)}
    sweep = run_inline(
        swept.engine, swept.settings, KIND, POOLED.model_copy(update={"sampling": asked})
    )["run_id"]
    request = ExplainRequest(model="planted", run_id=sweep, methods=["rules", "lookup"])
    run = run_inline(swept.engine, swept.settings, job.KIND, request)["run_id"]
    n_decided, tails = 0, set[str | None]()
    with open_session(swept.engine) as session:
        table = ExplanationTable
        made = select(table.id).where(table.run_id == run, table.program.is_not(None))
        for number in session.scalars(made).all()[::5]:
            view = get_explanation(session, explanation_id=number)
            claim = make_claim(
                session,
                (view.model, view.site, view.index),
                text="As a person says it.",
                program=view.program,
                data=swept.settings.data,
                check=lambda: None,
            )
            assert claim.sweep_id == view.sweep_id
            assert claim.details["chosen_on_fit_windows"] == 4
            if view.method == "rules":
                assert view.details["chosen_on_fit_windows"] == 4
            ours = {score.split: score.values for score in claim.scores}
            rows = select(ScoreTable.split, ScoreTable.values).filter_by(explanation_id=number)
            for split, values in session.execute(rows):
                theirs = unpack_scores(values)
                np.testing.assert_allclose(
                    unpack_scores(ours[split])[:, COMPARED],
                    theirs[:, COMPARED],
                    rtol=1e-3,
                    atol=1e-4,
                )
                told = [note.tail for note in unpack_notes(values)]
                assert [note.tail for note in unpack_notes(ours[split])] == told
                tails.add(told[METRICS.index("detection")])
                n_decided += bool(np.isfinite(theirs[METRICS.index("detection"), 0]))
    assert tails == {"upper", "lower"}
    assert n_decided  # where thresholds that were chosen on calibration have a say
