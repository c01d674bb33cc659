"""All scores of an explanation on one split, with intervals and baselines.

In: a unit's activations on a pool, what the explanation and the baselines predict for the same
tokens, and what was fitted elsewhere (the firing threshold on fit, decisions on calibration). Out:
`Scores`. Nothing is fitted here, so nothing of the scored text can leak into a prediction. A family
of metrics is a `Scorer`; adding one is a file and a line in SCORERS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray

from analysis.score.auroc import score_auroc
from analysis.score.baselines import Baselines, predict_mean
from analysis.score.bootstrap import (
    FEWEST_DOCUMENTS,
    Resampled,
    chance_of_no_gain,
    intervals,
)
from analysis.score.correlation import score_simulation
from analysis.score.detection import fit_detection, score_detection
from analysis.score.fuzzing import fit_fuzzing, score_fuzzing
from analysis.score.pools import Pool
from analysis.score.protocols import score_top_random
from analysis.score.records import METRICS, Measured, MetricScore, Scores, Status
from analysis.score.units import Decisions, Prediction, Target, TopWindows, take_target


class Scorer(Protocol):
    """A family of metrics: their values, and those of every resample of the documents."""

    def __call__(
        self,
        target: Target,
        prediction: Prediction,
        draws: Float64[ndarray, "replicate document"],
        /,
    ) -> Resampled: ...


SCORERS: tuple[tuple[tuple[str, ...], Scorer], ...] = (
    (("corpus_r", "r2_uncentred", "r2_centred", "deviation"), score_simulation),
    (("top_random_r",), score_top_random),
    (("detection", "detection_precision", "detection_recall"), score_detection),
    (("fuzzing",), score_fuzzing),
    (("auroc",), score_auroc),
)
IN_ORDER = [[name for names, _ in SCORERS for name in names].index(name) for name in METRICS]
"""From the order of SCORERS to that of METRICS."""


@dataclass(frozen=True)
class Failure:
    """There is no prediction, and why: counted, never dropped."""

    reason: str


def score_explanation(
    actual: Float[ndarray, "window pos"],
    prediction: Prediction | Failure,
    *,
    baselines: Baselines,
    pool: Pool,
    firing: float | None,
    top: TopWindows | None = None,
) -> Scores:
    """Every metric of one explanation of one unit on one split.

    Raises:
        ValueError: a prediction is not of the shape of the activations.
    """
    target = take_target(actual, pool, firing=firing, top=top)
    if isinstance(prediction, Failure):
        return _without(target, "failed", prediction.reason)
    _check_shapes(target, prediction, baselines)
    if not target.n_counted:
        return _without(target, "undefined", "the pool has no counted token")
    strange = int((~np.isfinite(prediction.values[target.counted])).sum())
    if strange:
        reason = f"the prediction is not a finite number at {strange} tokens"
        return _without(target, "failed", reason)
    return _scored(target, prediction, baselines)


def score_block(
    actual: Float[ndarray, "unit window pos"],
    predictions: Sequence[Prediction | Failure],
    *,
    baselines: Sequence[Baselines],
    pool: Pool,
    firing: Float64[ndarray, " unit"],
    tops: Sequence[TopWindows | None] | None = None,
) -> list[Scores]:
    """The same for many units of a site; `firing` is NaN where it is not known."""
    return [
        score_explanation(
            activations,
            prediction,
            baselines=beside,
            pool=pool,
            firing=None if np.isnan(threshold) else float(threshold),
            top=top,
        )
        for activations, prediction, beside, threshold, top in zip(
            actual, predictions, baselines, firing, tops or [None] * len(actual), strict=True
        )
    ]


def fit_decisions(
    actual: Float[ndarray, "window pos"],
    predicted: Float[ndarray, "window pos"],
    *,
    pool: Pool,
    firing: float | None,
) -> Decisions:
    """The thresholds of detection and fuzzing, from the calibration pool."""
    target = take_target(actual, pool, firing=firing)
    prediction = Prediction(predicted)
    if not target.n_counted or not np.isfinite(predicted[target.counted]).all():
        return Decisions()
    return Decisions(fit_detection(target, prediction), fit_fuzzing(target, prediction))


def _scored(target: Target, prediction: Prediction, baselines: Baselines) -> Scores:
    draws = target.pool.draws
    ours = [scorer(target, prediction, draws) for _, scorer in SCORERS]
    mean = None if baselines.mean is None else predict_mean(target, baselines.mean)
    shuffled = _families(target, baselines.shuffled, target.pool.draws)
    means, lookups, shuffles = (
        _values(families)
        for families in (_families(target, mean), _families(target, baselines.lookup), shuffled)
    )
    measured = [found for family in ours for found in _measured(family, target)]
    metrics = tuple(
        MetricScore(
            name=name,
            score=measured[at][0],
            mean=means[at],
            lookup=lookups[at],
            shuffled=shuffles[at],
            reason=measured[at][1],
        )
        for name, at in zip(METRICS, IN_ORDER, strict=True)
    )
    undefined = metrics[0].score.value is None
    return Scores(
        metrics=metrics,
        status="undefined" if undefined else "scored",
        reason=metrics[0].reason if undefined else None,
        p=None if undefined or shuffled is None else _p(ours[0], shuffled[0]),
        **_counts(target),
    )


def _measured(family: Resampled, target: Target) -> list[tuple[Measured, str | None]]:
    """Every metric of a family with its interval, and why it has no value or no interval."""
    ends, undefined = intervals(family.replicates)
    found = []
    for value, (low, high), share, reason in zip(
        family.values, ends, undefined, family.reasons, strict=True
    ):
        measured = Measured(_or_none(value), _or_none(low), _or_none(high))
        if measured.value is None:
            found.append((Measured(), reason))
        elif measured.low is None:
            found.append((measured, _why_no_interval(target, len(family.replicates), share)))
        else:
            found.append((measured, None))
    return found


def _why_no_interval(target: Target, n_replicates: int, undefined: float) -> str:
    if n_replicates:
        return f"no interval: undefined in {undefined:.0%} of the resamples of documents"
    if not target.pool.replicates:
        return "no interval: no resamples were asked for"
    n = target.pool.n_documents
    if n < FEWEST_DOCUMENTS:
        return f"no interval: {n} documents, at least {FEWEST_DOCUMENTS} are needed"
    return f"no interval: the top windows are of fewer than {FEWEST_DOCUMENTS} documents"


def _families(
    target: Target,
    prediction: Prediction | None,
    draws: Float64[ndarray, "replicate document"] | None = None,
) -> list[Resampled] | None:
    """A baseline's metrics in the order of SCORERS; only the first family is resampled, with
    `draws`. None where there is no baseline, or it is not finite."""
    if prediction is None or not np.isfinite(prediction.values[target.counted]).all():
        return None
    nothing = target.pool.draws[:0]
    first = nothing if draws is None else draws
    return [
        scorer(target, prediction, nothing if at else first)
        for at, (_, scorer) in enumerate(SCORERS)
    ]


def _values(families: list[Resampled] | None) -> list[float | None]:
    if families is None:
        return [None] * len(METRICS)
    return [_or_none(value) for family in families for value in family.values]


def _p(ours: Resampled, shuffled: Resampled) -> float | None:
    return chance_of_no_gain(ours.replicates[:, 0], shuffled.replicates[:, 0])


def _counts(target: Target) -> dict[str, int]:
    there = target.counted.any(1)
    return {
        "n_windows": int(there.sum()),
        "n_documents": len(np.unique(target.pool.document_of[there])),
        "n_positions": target.n_counted,
        "n_left_out": target.n_left_out,
    }


def _without(target: Target, status: Status, reason: str) -> Scores:
    nothing = tuple(MetricScore(name, Measured(), None, None, None, reason) for name in METRICS)
    return Scores(metrics=nothing, status=status, reason=reason, p=None, **_counts(target))


def _check_shapes(target: Target, prediction: Prediction, baselines: Baselines) -> None:
    named = (
        ("prediction", prediction),
        ("lookup", baselines.lookup),
        ("shuffled", baselines.shuffled),
    )
    for name, one in named:
        if one is not None and one.values.shape != target.actual.shape:
            shapes = f"{one.values.shape}, the activations {target.actual.shape}"
            raise ValueError(f"The {name} has the shape {shapes}: predict for this pool.")


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
