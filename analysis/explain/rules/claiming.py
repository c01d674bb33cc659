"""Whether calibration bears a prediction out: only then a program is claimed.

All circular shifts of the prediction along the text, against the activation, say how well it would
fit by chance; unlike a standard error this holds for units that fire a few times only.
"""

import numpy as np
from numpy import ndarray

from analysis.score.correlation import pearson

CHANCE = 0.01
"""A program is claimed where no more than this share of shifts fits as well: so many of the units
without any rule pass by chance."""
LEAST_R = 0.1
"""What correlates less, a hundredth of the variance, explains nothing worth a reader's time."""
NEAREST_SHIFT = 64
"""In tokens; nearer ones share words with the text itself."""


def r_or_least(actual: ndarray, predicted: ndarray) -> float:
    """Pearson's r; −1 where it is undefined, so that such a prediction is never chosen."""
    return defined_or_least(pearson(actual, predicted))


def defined_or_least(r: float) -> float:
    return -1.0 if np.isnan(r) else r


def is_borne_out(actual: ndarray, predicted: ndarray) -> bool:
    """Whether the prediction fits, and better where it stands than shifted along the text."""
    if r_or_least(actual, predicted) < LEAST_R:
        return False
    n = _fast_length(len(actual))
    if n <= 2 * NEAREST_SHIFT:
        return False
    a, p = actual[:n], predicted[:n]
    a, p = a - a.mean(dtype=np.float64), p - p.mean(dtype=np.float64)
    fits = np.fft.irfft(np.fft.rfft(a) * np.conj(np.fft.rfft(p)), n)
    others = fits[NEAREST_SHIFT : n - NEAREST_SHIFT]
    better = 1 + int(np.count_nonzero(others >= fits[0]))
    return float(fits[0]) > 0 and better <= CHANCE * len(others)


def _fast_length(n: int) -> int:
    """The longest up to n that the Fourier transform takes fast: no prime factor above 5."""
    for length in range(n, 0, -1):
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
    return 0
