"""Fuzzing: does the judge see whether the marked tokens are the ones that fire?

Each firing window is shown twice: once the tokens that fire are marked, once as many that do not,
drawn at random. The program as judge compares its predictions (of a lower tail, their negatives):
yes where their mean over the marked tokens exceeds their mean over the others by more than a
threshold chosen on calibration. Chance is ½. Windows in which more tokens fire than do not cannot
be marked falsely and are left out.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from analysis.score.bootstrap import Resampled, fewer, resample
from analysis.score.reasons import NOTHING_TO_MARK, ONE_SIDED_MARKS
from analysis.score.records import Cases
from analysis.score.thresholds import choose_threshold, finish_verdicts, verdict_sums
from analysis.score.units import Prediction, Target


def score_fuzzing(
    target: Target, prediction: Prediction, draws: Float64[ndarray, "replicate document"]
) -> Resampled:
    """fuzzing: balanced accuracy."""
    threshold = prediction.decisions.fuzzing
    if target.firing is None or threshold is None:
        nothing = np.full((len(draws), 1), np.nan)
        n = len(target.markable)
        asked = None if target.firing is None else Cases(n, 2 * n, target.tail)
        return Resampled(np.full(1, np.nan), nothing, (ONE_SIDED_MARKS,), asked)
    marks, truth, windows = cases(target, prediction)
    return judge_marks(marks > threshold, truth, windows, target, draws)


def judge_marks(
    verdicts: Bool[ndarray, " case"],
    truth: Bool[ndarray, " case"],
    windows: Int64[ndarray, " case"],
    target: Target,
    draws: Float64[ndarray, "replicate document"],
) -> Resampled:
    """The balanced accuracy of any judge."""
    sums = target.pool.membership[:, windows] @ verdict_sums(verdicts, truth)
    asked = Cases(int(truth.sum()), len(truth), target.tail)
    return resample(
        sums,
        lambda totals: finish_verdicts(totals)[..., :1],
        draws,
        (NOTHING_TO_MARK,),
        asked,
        n_documents=fewer(sums[:, :2].sum(1), sums[:, 2:].sum(1)),
    )


def fit_fuzzing(target: Target, prediction: Prediction) -> float | None:
    """The threshold for the difference of means, from the calibration pool."""
    marks, truth, _ = cases(target, prediction)
    return choose_threshold(marks, truth)


def cases(
    target: Target, prediction: Prediction
) -> tuple[Float64[ndarray, " case"], Bool[ndarray, " case"], Int64[ndarray, " case"]]:
    """Of every window that can be marked, twice: the difference of means, whether the marks are
    true, the window's row."""
    windows = target.markable
    shown = target.upwards(prediction.values[windows])
    predicted = np.where(target.counted[windows], shown, 0).astype(np.float64)
    sums, counts, n_marked = predicted.sum(1), target.per_window[windows], target.n_firing[windows]
    differences = []
    for marks in target.marks:
        marked = np.einsum("wp,wp->w", predicted, marks)
        differences.append(marked / n_marked - (sums - marked) / (counts - n_marked))
    truth = np.repeat([True, False], len(windows))
    return np.concatenate(differences), truth, np.concatenate([windows, windows])
