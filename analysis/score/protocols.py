"""The protocol top+random: r over the windows that make a unit fire most, and random ones, 1:1.

Bills et al. (2023), *Language models can explain neurons in language models*. It asks whether an
explanation tells strong activations from typical ones; the protocol corpus, over random text alone,
asks how well it describes everything the unit does. Where we deviate: instead of drawing as many
random windows as there are top windows, all random windows of the pool are taken and weighted so
that both halves weigh the same. The expectation is that of drawing, without the luck of the draw.

Both halves are resampled by document, each for itself.
"""

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from analysis.score.bootstrap import Resampled, draw_documents, explained
from analysis.score.correlation import correlation, window_sums
from analysis.score.reasons import NO_TOP_WINDOWS, NOTHING_COUNTED_ON_TOP, SAME_ON_TOP
from analysis.score.units import Prediction, Target, TopWindows, centre

FEWEST_TOP_DOCUMENTS = 8
"""Top windows are few and alike: resampling fewer documents of them tells nothing of others."""
HALVES = 6
"""Columns of `window_sums` that r needs."""


def score_top_random(
    target: Target, prediction: Prediction, draws: Float64[ndarray, "replicate document"]
) -> Resampled:
    """top_random_r; undefined where the unit's top windows were not given."""
    if target.top is None or prediction.top is None:
        return _undefined(NO_TOP_WINDOWS)
    counted = _counted(target.top, target.pool.counted_from)
    if not counted.any():
        return _undefined(NOTHING_COUNTED_ON_TOP)
    predicted = np.where(target.counted, prediction.values, 0).astype(np.float64)
    ours, theirs = target.centred, centre(predicted, target.counted)
    random = window_sums(ours, theirs)[:, :HALVES]
    actual = np.where(counted, target.top.actual, 0).astype(np.float64)
    predicted_top = np.where(counted, prediction.top, 0).astype(np.float64)
    top_ours = centre(actual, counted, about=ours.centre)
    top_theirs = centre(predicted_top, counted, about=theirs.centre)
    top = window_sums(top_ours, top_theirs)[:, :HALVES]
    documents, document_of = np.unique(target.top.documents, return_inverse=True)
    top_sums = (document_of == np.arange(len(documents))[:, None]).astype(np.float64) @ top
    random_sums = target.pool.membership @ random
    values = _mixed(random_sums.sum(0)[None], top_sums.sum(0)[None])
    replicates = np.zeros((0, 1))
    if len(draws) and len(documents) >= FEWEST_TOP_DOCUMENTS:
        top_draws = draw_documents(len(documents), len(draws), target.pool.seed + 1)
        replicates = _mixed(draws @ random_sums, top_draws @ top_sums)
    return Resampled(
        values,
        replicates.reshape(-1, 1),
        explained(values, (SAME_ON_TOP,)),
        n_documents=min(len(documents), draws.shape[1]),
    )


def _counted(top: TopWindows, counted_from: int) -> Bool[ndarray, "top pos"]:
    places = np.arange(top.actual.shape[1])
    within = (places >= counted_from) & (places < top.lengths[:, None])
    return np.asarray(within & np.isfinite(top.actual))


def _mixed(
    random: Float64[ndarray, "draw 6"], top: Float64[ndarray, "draw 6"]
) -> Float64[ndarray, " draw"]:
    """r where each half has the weight ½, whatever its number of tokens."""
    with np.errstate(divide="ignore", invalid="ignore"):
        halves = [sums[:, 1:] / sums[:, :1] for sums in (random, top)]
    return correlation((halves[0] + halves[1]) / 2)


def _undefined(reason: str) -> Resampled:
    return Resampled(np.full(1, np.nan), np.zeros((0, 1)), (reason,))
