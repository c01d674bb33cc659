"""Simulation scores: how near predicted activations come, token by token.

Pearson's r of a and â over all concatenated counted tokens; R² uncentred,
1 − mean((a−â)²)/mean(a²), as in the public code of Bills et al. (2023), and centred, 1 − SSE/SST;
absolute deviation explained, 1 − mean|a−â|/mean|a|. r is positive where a and â rise together. All
come from ten sums over tokens, so that resampling documents needs no tokens.
"""

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray

from analysis.score.bootstrap import Resampled, resample
from analysis.score.reasons import ALL_ZERO, SAME_ACTIVATION, SAME_PREDICTION
from analysis.score.units import Centred, Prediction, Target, centre

SMALLEST_SPREAD = 1e-12
"""Of the variance, relative to the mean square about a fixed centre: below it is rounding."""


def simulation(
    actual: Float[ndarray, " token"], predicted: Float[ndarray, " token"]
) -> Float64[ndarray, "4"]:
    """r, R² uncentred, R² centred and absolute deviation explained of two rows of numbers; NaN
    where undefined."""
    a, p = actual.astype(np.float64)[None], predicted.astype(np.float64)[None]
    counted = np.ones(a.shape, bool)
    sums = window_sums(centre(a, counted), centre(p, counted))
    return np.asarray(finish(sums.sum(0, keepdims=True))[0])


def pearson(actual: Float[ndarray, " token"], predicted: Float[ndarray, " token"]) -> float:
    """r alone, over the tokens with a finite activation; NaN where either is constant."""
    finite = np.isfinite(actual)
    if not finite.any():
        return float("nan")
    return cosine(less_mean(actual[finite]), less_mean(predicted[finite]))


def less_mean(values: Float[ndarray, " token"]) -> Float64[ndarray, " token"]:
    return np.asarray(values - values.mean(dtype=np.float64))


def cosine(one: Float64[ndarray, " token"], other: Float64[ndarray, " token"]) -> float:
    """Of two rows of numbers less their means that is r; NaN where either is 0."""
    scale = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / scale if scale > 0 else float("nan")


def score_simulation(
    target: Target, prediction: Prediction, draws: Float64[ndarray, "replicate document"]
) -> Resampled:
    """corpus_r, r2_uncentred, r2_centred, deviation; the last three by the prediction's line."""
    predicted = np.where(target.counted, prediction.values, 0).astype(np.float64)
    fitted = None
    if prediction.line is not None:
        fitted = np.where(target.counted, prediction.line(predicted), 0)
    sums = window_sums(target.centred, centre(predicted, target.counted), fitted)
    varied = target.centred.about.any()
    return resample(
        target.pool.membership @ sums,
        finish,
        draws,
        (SAME_PREDICTION if varied else SAME_ACTIVATION, ALL_ZERO, SAME_ACTIVATION, ALL_ZERO),
    )


def window_sums(
    actual: Centred, predicted: Centred, fitted: Float64[ndarray, "window pos"] | None = None
) -> Float64[ndarray, "window 10"]:
    """n, Σx, Σy, Σx², Σy², Σxy, Σ(a−â)², Σ|a−â|, Σ|a|, Σa² with x and y about the centres. The two
    of a−â are of `fitted`, where that is given."""
    error = actual.values - (predicted.values if fitted is None else fitted)
    return np.stack(
        [
            actual.n,
            actual.sums,
            predicted.sums,
            actual.squares,
            predicted.squares,
            np.einsum("wp,wp->w", actual.about, predicted.about),
            np.einsum("wp,wp->w", error, error),
            np.abs(error, out=error).sum(1),
            actual.magnitude,
            actual.power,
        ],
        axis=1,
    )


def finish(sums: Float64[ndarray, "draw 10"]) -> Float64[ndarray, "draw 4"]:
    """The four metrics from sums over tokens."""
    n, x, _, xx, _, _, squared, absolute, magnitude, square = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = _spread(xx / n, x / n)
        metrics = np.array(
            [
                correlation(sums[..., 1:6] / n[..., None]),
                np.where(square > 0, 1 - squared / square, np.nan),
                np.where(spread > 0, 1 - squared / n / spread, np.nan),
                np.where(magnitude > 0, 1 - absolute / magnitude, np.nan),
            ]
        )
    return metrics.T


def correlation(means: Float64[ndarray, "draw 5"]) -> Float64[ndarray, " draw"]:
    """r from the means of x, y, x², y², xy; NaN where either does not vary."""
    x, y, xx, yy, xy = means.T
    with np.errstate(divide="ignore", invalid="ignore"):
        product = np.sqrt(_spread(xx, x) * _spread(yy, y))
        return np.asarray(np.clip((xy - x * y) / product, -1, 1))


def _spread(
    square: Float64[ndarray, " draw"], mean: Float64[ndarray, " draw"]
) -> Float64[ndarray, " draw"]:
    """The variance, NaN where it is 0 but for rounding."""
    variance = square - mean * mean
    return np.where(variance > SMALLEST_SPREAD * square, variance, np.nan)
