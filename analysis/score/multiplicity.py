"""Of many units, which are better than chance: the false discovery rate of Benjamini and Hochberg.

Y. Benjamini and Y. Hochberg, *Controlling the false discovery rate* (1995). It holds for
independent and for positively dependent tests, which scores on the same documents are.
"""

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

RATE = 0.05


def q_values(p: Float64[ndarray, " unit"]) -> Float64[ndarray, " unit"]:
    """The lowest false discovery rate at which each unit counts as found.

    A unit whose p is undefined (NaN) still was tested: it counts as p = 1, so that leaving out
    failures never makes the others look better. Its q is NaN.
    """
    tested = np.nan_to_num(p, nan=1.0)
    order = np.argsort(tested, kind="stable")[::-1]
    ranks = np.arange(len(p), 0, -1)
    q = np.empty(len(p))
    q[order] = np.minimum(1, np.minimum.accumulate(tested[order] * len(p) / ranks))
    q[np.isnan(p)] = np.nan
    return q
