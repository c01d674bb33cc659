"""All scores of an explanation on one split, with intervals and baselines.

In: a unit's activations on a pool, what the explanation and the baselines predict for the same
tokens, and what was fitted elsewhere (when it fires on fit, decisions on calibration). Out:
`Scores`. Nothing is fitted here, so nothing of the scored text can leak into a prediction. A family
of metrics is a `Scorer`; adding one is a file and a line in SCORERS.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray

from analysis.score.auroc import score_auroc
from analysis.score.baselines import Baselines, predict_mean
from analysis.score.bootstrap import Resampled
from analysis.score.correlation import score_simulation
from analysis.score.detection import fit_detection, score_detection
from analysis.score.fuzzing import fit_fuzzing, score_fuzzing
from analysis.score.pools import Pool
from analysis.score.protocols import score_top_random
from analysis.score.records import Scores
from analysis.score.reporting import Family, report, values, without
from analysis.score.tails import Firing
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
OF_LINE = ("r2_uncentred", "r2_centred", "deviation")
"""Metrics that depend on the scale of a prediction."""


@dataclass(frozen=True)
class Failure:
    """There is no prediction, and why: counted, never dropped."""

    reason: str


@dataclass(frozen=True)
class Shared:
    """What explanations of one unit have in common on one split, so that it is computed once: give
    the same one for each, and the same mean and lookup."""

    target: Target
    families: dict[str, list[Family]] = field(default_factory=dict)
    """Of the baselines mean and lookup, once they were scored."""


def score_explanation(
    actual: Float[ndarray, "window pos"],
    prediction: Prediction | Failure,
    *,
    baselines: Baselines,
    pool: Pool,
    firing: Firing | None,
    top: TopWindows | None = None,
    shared: Shared | None = None,
    p: float | None = None,
) -> Scores:
    """Every metric of one explanation of one unit on one split; `p`: of being no better than other
    units' explanations (`foils`), where that was tested.

    Raises:
        ValueError: a prediction is not of the shape of the activations.
    """
    shared = shared or Shared(take_target(actual, pool, firing=firing, top=top))
    target = shared.target
    if isinstance(prediction, Failure):
        return without(target, "failed", prediction.reason)
    _check_shapes(target, prediction, baselines)
    if not target.n_counted:
        return without(target, "undefined", "the pool has no counted token")
    strange = int((~np.isfinite(prediction.values[target.counted])).sum())
    if strange:
        reason = f"the prediction is not a finite number at {strange} tokens"
        return without(target, "failed", reason)
    return _scored(shared, prediction, baselines, p)


def score_block(
    actual: Float[ndarray, "unit window pos"],
    predictions: Sequence[Prediction | Failure],
    *,
    baselines: Sequence[Baselines],
    pool: Pool,
    firing: Sequence[Firing | None],
    tops: Sequence[TopWindows | None] | None = None,
) -> list[Scores]:
    """The same for many units of a site."""
    return [
        score_explanation(
            activations,
            prediction,
            baselines=beside,
            pool=pool,
            firing=fires,
            top=top,
        )
        for activations, prediction, beside, fires, top in zip(
            actual, predictions, baselines, firing, tops or [None] * len(actual), strict=True
        )
    ]


def fit_decisions(
    actual: Float[ndarray, "window pos"],
    predicted: Float[ndarray, "window pos"],
    *,
    pool: Pool,
    firing: Firing | None,
) -> Decisions:
    """The thresholds of detection and fuzzing, from the calibration pool."""
    return decide(take_target(actual, pool, firing=firing), predicted)


def decide(target: Target, predicted: Float[ndarray, "window pos"]) -> Decisions:
    """The same of a target of the calibration pool, which serves all predictions of the unit."""
    prediction = Prediction(predicted)
    if not target.n_counted or not _finite(target, prediction):
        return Decisions()
    return Decisions(fit_detection(target, prediction), fit_fuzzing(target, prediction))


def _scored(
    shared: Shared, prediction: Prediction, baselines: Baselines, p: float | None
) -> Scores:
    target, found = shared.target, shared.families
    nothing = target.pool.draws[:0]
    ours = _families(target, prediction, target.pool.draws)
    mean = None if baselines.mean is None else predict_mean(target, baselines.mean)
    for name, one in (("mean", mean), ("lookup", baselines.lookup)):
        if name not in found and one is not None and _finite(target, one):
            found[name] = _families(target, one, nothing)
    if baselines.shuffled is not None and _finite(target, baselines.shuffled):
        found = {**found, "shuffled": _families(target, baselines.shuffled, nothing)}
    cut = baselines.lookup_cut
    if cut is prediction:
        found = {**found, "lookup_cut": ours}
    elif cut is not None and _finite(target, cut):
        found = {**found, "lookup_cut": _families(target, cut, nothing)}
    told = {name: values(one) for name, one in found.items()}
    other = baselines.shuffled
    if other is not None and other.line is None and "shuffled" in told:
        told["shuffled"] |= dict.fromkeys(OF_LINE, None)
    return report(target, ours, p=p, **told)


def _families(
    target: Target, prediction: Prediction, draws: Float64[ndarray, "replicate document"]
) -> list[Family]:
    """Everything in SCORERS."""
    return [(names, scorer(target, prediction, draws)) for names, scorer in SCORERS]


def _finite(target: Target, prediction: Prediction) -> bool:
    finite = np.isfinite(prediction.values)
    return bool(finite.all() or finite[target.counted].all())


def _check_shapes(target: Target, prediction: Prediction, baselines: Baselines) -> None:
    named = (
        ("prediction", prediction),
        ("lookup", baselines.lookup),
        ("shuffled", baselines.shuffled),
        ("lookup cut", baselines.lookup_cut),
    )
    for name, one in named:
        if one is not None and one.values.shape != target.actual.shape:
            shapes = f"{one.values.shape}, the activations {target.actual.shape}"
            raise ValueError(f"The {name} has the shape {shapes}: predict for this pool.")
