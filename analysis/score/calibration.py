"""From predictions in any units (0 to 10, say) to activations, fitted on calibration only.

Fitted on the scored text itself, linear calibration would turn r into |r|, and its R² would be what
no held-out text can reach.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray


class Calibration(Protocol):
    """A fitted map from predictions to activations."""

    def __call__(self, predicted: Float[ndarray, "*axes"]) -> Float64[ndarray, "*axes"]: ...


@dataclass(frozen=True)
class Linear:
    """scale · prediction + offset."""

    scale: float
    offset: float

    def __call__(self, predicted: Float[ndarray, "*axes"]) -> Float64[ndarray, "*axes"]:
        return self.scale * predicted.astype(np.float64) + self.offset


@dataclass(frozen=True)
class Percentile:
    """The activation at the same percentile; linear between the predictions that were seen, and
    constant beyond them."""

    predicted: Float64[ndarray, " seen"]
    actual: Float64[ndarray, " seen"]

    def __call__(self, predicted: Float[ndarray, "*axes"]) -> Float64[ndarray, "*axes"]:
        return np.asarray(np.interp(predicted, self.predicted, self.actual))


def fit_linear(actual: Float[ndarray, " token"], predicted: Float[ndarray, " token"]) -> Linear:
    """Least squares; predictions that do not vary become the mean activation.

    Raises:
        ValueError: there is no token to fit on.
    """
    a, p = _pairs(actual, predicted)
    low, high = p.min(), p.max()
    if low == high:
        return Linear(0.0, float(a.mean()))
    centred = p - p.mean()
    scale = float(centred @ (a - a.mean()) / (centred @ centred))
    return Linear(scale, float(a.mean() - scale * p.mean()))


def fit_percentile(
    actual: Float[ndarray, " token"], predicted: Float[ndarray, " token"]
) -> Percentile:
    """Sorted predictions onto sorted activations; equal predictions share the activation in the
    middle of their ranks.

    Raises:
        ValueError: there is no token to fit on.
    """
    a, p = _pairs(actual, predicted)
    seen, counts = np.unique(p, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return Percentile(seen, np.interp(middle, np.arange(len(a)), np.sort(a)))


CALIBRATIONS: Mapping[str, Callable[[ndarray, ndarray], Calibration]] = MappingProxyType(
    {"linear": fit_linear, "percentile": fit_percentile}
)


def _pairs(actual: ndarray, predicted: ndarray) -> tuple[ndarray, ndarray]:
    """Those of which both are finite."""
    finite = np.isfinite(actual) & np.isfinite(predicted)
    if not finite.any():
        raise ValueError("There is no calibration token with a finite activation and prediction.")
    return actual[finite].astype(np.float64), predicted[finite].astype(np.float64)
