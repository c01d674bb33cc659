"""Whether an explanation is about its unit: against explanations of other units of the site.

One other explanation, drawn at random, is a picture of chance; a test needs many. In a block of
units of one site every explanation is tried on every unit. By how much an explanation's r exceeds
the mean r that the others have on the same unit is compared with the same excess of every pair of
unit and foreign explanation: under the null hypothesis that a unit's explanation might as well be
another's, its own pair is one more of them. What all explanations of a site have in common (places,
frequent words) is in the mean, so it is not taken for a find.
"""

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray

ROUNDING = 1e-6
"""Of the largest value: what varies by less does not vary."""
FEWEST_EXPLAINED = 3
"""With fewer there is no second foil to compare a foil with."""


def correlations(
    actual: Float[ndarray, "unit token"], predicted: Float[ndarray, "explained token"]
) -> Float64[ndarray, "unit explained"]:
    """Pearson's r of every activation with every prediction; NaN where either does not vary.
    Activations that are not finite count as the unit's mean."""
    a, p = _standard(actual), _standard(predicted)
    return np.asarray((a @ p.T).astype(np.float64))


def chances(r: Float64[ndarray, "unit unit"]) -> Float64[ndarray, " unit"]:
    """The share of pairs of a unit and another's explanation that exceed as far, the own one
    counted as one more; `r`: of the unit of the row by the explanation of the unit of the column.

    A foreign r that is undefined counts as 0: a prediction that never varies tells nothing of when.
    NaN where the own one is undefined, and for all where there are too few units.
    """
    n = len(r)
    own = np.diag(r)
    if n < FEWEST_EXPLAINED:
        return np.full(n, np.nan)
    foreign = np.nan_to_num(r, nan=0.0)
    np.fill_diagonal(foreign, 0.0)
    sums = foreign.sum(1, keepdims=True)
    excess = foreign - (sums - foreign) / (n - 2)
    pairs = np.sort(excess[~np.eye(n, dtype=bool)])
    ours = own - sums[:, 0] / (n - 1)
    as_far = len(pairs) - np.searchsorted(pairs, np.nan_to_num(ours, nan=np.inf), side="left")
    return np.where(np.isnan(own), np.nan, (1 + as_far) / (1 + len(pairs)))


def _standard(values: Float[ndarray, "row token"]) -> Float[ndarray, "row token"]:
    """Rows less their means, of length 1; NaN where they do not vary."""
    finite = np.isfinite(values)
    n = np.maximum(finite.sum(1, keepdims=True), 1)
    known = np.where(finite, values, 0)
    centred = np.where(finite, known - known.sum(1, keepdims=True, dtype=np.float64) / n, 0)
    length = np.sqrt((centred * centred).sum(1, keepdims=True))
    largest = np.abs(known).max(1, keepdims=True, initial=0)
    scale = np.where(length > ROUNDING * largest, length, np.nan)
    return np.asarray((centred / scale).astype(np.float32))
