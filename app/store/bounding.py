"""How far a page of a sorted table reaches, from the percentiles of the column.

Whoever sorts a column without an index reads all rows of the site. Most of them lie beyond the
page, and comparing them with a bound costs less than sorting them in.
"""

import math

import numpy as np
from numpy.typing import NDArray


def page_bound(
    percentiles: NDArray[np.float32], n: int, *, order: str, after: float | None, limit: int
) -> float | None:
    """A value beyond which the page of `limit` rows should not reach; None without such a value.

    Of a column of `n` defined values, whose 101 percentiles these are, after the value `after` or
    from the beginning. It is an estimate: who finds fewer rows than `limit` asks again without it.
    """
    step = math.ceil(100 * limit / max(n, 1)) + 1
    if order == "desc":
        begin = 100 if after is None else int(np.searchsorted(percentiles, after, "right")) - 1
        end = begin - step
    else:
        begin = 0 if after is None else int(np.searchsorted(percentiles, after, "left"))
        end = begin + step
    return float(percentiles[end]) if 0 < end < 100 else None
