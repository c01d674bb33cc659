"""The row of `scores` for what the analysis measured of one explanation on one split."""

import numpy as np
from numpy.typing import NDArray

from analysis.score.records import Scores
from app.store.packing import pack
from app.store.writing_explanations import ScoreRow


def scored_row(
    split: str,
    judge: str,
    scores: Scores,
    *,
    n_failed: int = 0,
    values: NDArray[np.float32] | None = None,
) -> ScoreRow:
    """`values` [metric, column], where they are not all that the scores hold."""
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
        values=pack(scores.values() if values is None else values, np.float32),
    )
