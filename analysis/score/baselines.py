"""What a score stands beside: the mean, the token lookup, and another unit's explanation.

Mean: the unit's mean on the fit pool, at every token. Its r is undefined, because it never varies;
its R² and deviation are not, and as a judge it says no to everything: ½. Token lookup: `lookup`.
Cut: that lookup with as many tokens as the program lists, so that lengths are the same. Shuffled:
the explanation of another random unit of the same site, which the caller draws and runs; it tells
what knowing the site's kind of text is worth. Its levels are another unit's, so R² and deviation
are of the line of it that fits this unit best on calibration; r is of what it says itself.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from analysis.score.calibration import Linear, fit_linear
from analysis.score.pools import Pool
from analysis.score.units import Decisions, Prediction, Target

ROUNDING = 1e-9


@dataclass(frozen=True)
class Baselines:
    """Of one unit on one pool, with decisions chosen on calibration like those of explanations."""

    mean: float | None
    """On the fit pool; None where it has no finite activation."""
    lookup: Prediction | None = None
    shuffled: Prediction | None = None
    """With the `line` that `fit_line` gives; without one, its R² and deviation are undefined."""
    lookup_cut: Prediction | None = None


def fit_line(
    actual: Float[ndarray, "window pos"], predicted: Float[ndarray, "window pos"], pool: Pool
) -> Linear | None:
    """What turns another unit's prediction into this unit's activations, by least squares over the
    counted tokens of the calibration pool; None where they tell nothing."""
    counted = pool.within & np.isfinite(actual)
    there = predicted[counted]
    if not there.size or not np.isfinite(there).all():
        return None
    return fit_linear(actual[counted], there)


def predict_mean(target: Target, mean: float) -> Prediction:
    """The same number at every token; a mark must exceed it by more than rounding."""
    top = None if target.top is None else np.full(target.top.actual.shape, mean)
    upwards = -mean if target.tail == "lower" else mean
    decisions = Decisions(detection=upwards, fuzzing=ROUNDING * max(1.0, abs(mean)))
    return Prediction(np.full(target.actual.shape, mean), decisions, top)
