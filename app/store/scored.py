"""The row of `scores` for what the analysis measured of one explanation on one split."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from app.store.packing import ScoreNote, pack, pack_notes
from app.store.writing_explanations import ScoreRow

if TYPE_CHECKING:  # the store is opened without the analysis
    from analysis.score.records import MetricScore, Scores

CHOSEN_ON_FIT: Final = "chosen_on_fit_windows"
"""In the details of an explanation: so many fit windows stood in for a calibration split."""


def scored_row(
    split: str,
    judge: str,
    scores: "Scores",
    *,
    n_failed: int = 0,
    values: NDArray[np.float32] | None = None,
    metrics: "Sequence[MetricScore] | None" = None,
) -> ScoreRow:
    """`values` [metric, column] and `metrics`, where they are not all that the scores hold."""
    told = scores.metrics if metrics is None else metrics
    return ScoreRow(
        split=split,
        judge=judge,
        status=scores.status,
        reason=scores.reason,
        n_windows=scores.n_windows,
        n_documents=scores.n_documents,
        n_positions=scores.n_positions,
        n_failed=n_failed,
        r=scores.r,
        p=scores.p,
        values=pack(scores.values() if values is None else values, np.float32)
        + pack_notes({one.name: _note(one) for one in told}),
    )


def _note(one: "MetricScore") -> ScoreNote:
    cases = one.cases
    if cases is None:
        return ScoreNote(one.reason)
    told = ScoreNote(one.reason, cases.n_yes, cases.n, cases.tail)
    if cases.in_pool is None:
        return told
    return told._replace(
        pool_prevalence=cases.in_pool.prevalence, precision_in_pool=cases.in_pool.precision
    )
