"""Another unit's program beside one that a person tries."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from analysis.programs.parsing import parse_program
from app.store.engine import open_session
from app.store.packing import COLUMNS, METRICS, unpack_scores
from app.store.queries.trial import Trial, read_trial
from app.trials.scoring import score_calibration, score_held_out

R, R2, DEVIATION = (METRICS.index(name) for name in ("corpus_r", "r2_centred", "deviation"))


@pytest.fixture
def trial(small: Engine, tmp_path: Path) -> Trial:
    with open_session(small) as session:
        return read_trial(session, model="synthetic", site="mlp.0", index=5, data=tmp_path)


def shuffled_of(trial: Trial, level: float) -> np.ndarray:
    """[split, metric], calibration first, beside a program of the unit."""
    other = f"sum\nwhen position < 8 -> {level}\notherwise 5\n"
    program = parse_program("sum\nwhen position < 4 -> 1\notherwise 0\n")
    beside = replace(trial, others=[other])
    rows = [score_calibration(program, beside), *score_held_out(program, beside)]
    return np.array([unpack_scores(row.values)[:, COLUMNS.index("shuffled")] for row in rows])


def test_the_levels_of_the_other_program_do_not_decide_its_r2(trial: Trial) -> None:
    found = {level: shuffled_of(trial, level) for level in (1, 5000, -1)}
    for level in (5000, -1):
        for metric in (R2, DEVIATION):
            np.testing.assert_allclose(
                found[level][:, metric], found[1][:, metric], rtol=1e-3, atol=1e-3
            )
    assert np.isfinite(found[1][:, (R, R2, DEVIATION)]).all()
    np.testing.assert_allclose(found[-1][:, R], -found[1][:, R], rtol=1e-4)
    np.testing.assert_allclose(found[5000][:, R], found[1][:, R], rtol=1e-4)
