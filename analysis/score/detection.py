"""Detection: says the judge rightly, window by window, whether the explanation fits?

The truth: the unit fires in the window (a token of it is beyond the firing threshold). The program
as judge says yes where the maximum of its predictions (of a lower tail, of their negatives) is
above a threshold chosen on calibration. It judges every window of the pool, so the negatives
include near misses in the proportion in which they occur. A language model is asked about fewer:
`choose_windows` takes half that fire, and of the others half that nearly do. Paulo et al. (2024),
*Automatically interpreting millions of features in large language models*, from where detection and
fuzzing come.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from analysis.score.bootstrap import Resampled, fewer, resample
from analysis.score.prevalence import FIRING, NEAR, OTHER, Parts
from analysis.score.reasons import (
    EVERY_WINDOW_FIRES,
    NEVER_YES,
    NO_WINDOW_FIRES,
    ONE_SIDED_WINDOWS,
)
from analysis.score.records import Cases
from analysis.score.thresholds import choose_threshold, finish_verdicts, verdict_sums
from analysis.score.units import Prediction, Target

NAMES = ("detection", "detection_precision", "detection_recall")


@dataclass(frozen=True)
class ChosenWindows:
    """Windows for a judge, in random order."""

    windows: Int64[ndarray, " case"]
    """Rows of the pool."""
    parts: Parts
    """From where in the pool they come."""

    @property
    def fires(self) -> Bool[ndarray, " case"]:
        return np.asarray(self.parts.kinds == FIRING)

    @property
    def near_miss(self) -> Bool[ndarray, " case"]:
        return np.asarray(self.parts.kinds == NEAR)


def score_detection(
    target: Target, prediction: Prediction, draws: Float64[ndarray, "replicate document"]
) -> Resampled:
    """detection (balanced accuracy), detection_precision, detection_recall."""
    threshold = prediction.decisions.detection
    if target.firing is None or threshold is None:
        return _undefined(target, len(draws))
    marks, truth, there = cases(target, prediction)
    return judge_windows(marks > threshold, truth, there, target, draws)


def judge_windows(
    verdicts: Bool[ndarray, " case"],
    truth: Bool[ndarray, " case"],
    windows: Int64[ndarray, " case"],
    target: Target,
    draws: Float64[ndarray, "replicate document"],
) -> Resampled:
    """The three numbers of any judge; a window may be left out where its answer was no answer."""
    one_sided = EVERY_WINDOW_FIRES if truth.all() else NO_WINDOW_FIRES
    sums = target.pool.membership[:, windows] @ verdict_sums(verdicts, truth)
    return resample(
        sums,
        finish_verdicts,
        draws,
        (one_sided, NEVER_YES, NO_WINDOW_FIRES),
        Cases(int(truth.sum()), len(truth), target.tail),
        n_documents=fewer(sums[:, :2].sum(1), sums[:, 2:].sum(1)),
    )


def fit_detection(target: Target, prediction: Prediction) -> float | None:
    """The threshold for window maxima, from the calibration pool; None where that is one-sided."""
    marks, truth, _ = cases(target, prediction)
    return choose_threshold(marks, truth)


def cases(
    target: Target, prediction: Prediction
) -> tuple[Float64[ndarray, " case"], Bool[ndarray, " case"], Int64[ndarray, " case"]]:
    """Of every window with a counted token: the highest prediction with the judged tail upwards,
    whether it fires, its row."""
    there = np.flatnonzero(target.counted.any(1))
    predicted = target.upwards(prediction.values[there])
    shown = np.where(target.counted[there], predicted, -np.inf).astype(np.float64)
    marks: ndarray = shown.max(1, initial=-np.inf)
    truth = np.asarray(target.fires[there].any(1))
    return marks, truth, there


def choose_windows(target: Target, *, n: int, generator: np.random.Generator) -> ChosenWindows:
    """At most n windows: half fire, a quarter are the quiet ones that come nearest to firing
    (near misses), a quarter other quiet ones; fewer where there are not so many."""
    there = np.flatnonzero(target.counted.any(1))
    actual = target.upwards(target.actual[there])
    peaks = np.where(target.counted[there], actual, -np.inf).max(1, initial=-np.inf)
    fires = target.fires[there].any(1)
    firing = generator.permutation(there[fires])[: n // 2]
    quiet = there[~fires][np.argsort(-peaks[~fires], kind="stable")]
    near = quiet[: min(n // 4, (len(quiet) + 1) // 2)]
    others = generator.permutation(quiet[len(near) :])[: n - n // 2 - len(near)]
    windows = np.concatenate([firing, near, others])
    order = generator.permutation(len(windows))
    kinds = np.repeat([FIRING, NEAR, OTHER], [len(firing), len(near), len(others)])[order]
    sizes = (int(fires.sum()), len(near), len(quiet) - len(near))
    return ChosenWindows(windows[order], Parts(kinds, sizes))


def _undefined(target: Target, replicates: int) -> Resampled:
    values = np.full(len(NAMES), np.nan)
    nothing = np.full((replicates, len(NAMES)), np.nan)
    fires = target.fires.any(1)
    judged = Cases(int(fires.sum()), int(target.counted.any(1).sum()), target.tail)
    return Resampled(
        values,
        nothing,
        (ONE_SIDED_WINDOWS,) * len(NAMES),
        None if target.firing is None else judged,
    )
