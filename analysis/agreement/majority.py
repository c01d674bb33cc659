"""What most people say of an item; and of one person, how often they say what most others do."""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

Z: Final = 1.959964
"""Standard normal quantile of a 95 % interval."""


@dataclass(frozen=True)
class Share:
    """How many of how many, with Wilson's interval at 95 %."""

    n_right: int
    n: int
    value: float | None
    """None: of none."""
    low: float | None
    high: float | None


def most_said(said: Iterable[Hashable]) -> tuple[Hashable, ...]:
    """What was said most often, in the order of first saying; several are a tie, none: nothing was
    said."""
    counts = Counter(said)
    most = max(counts.values(), default=0)
    return tuple(one for one, n in counts.items() if n == most)


def with_others(
    ratings: Float[np.ndarray, "annotator item"], groups: Int[np.ndarray, " item"] | None = None
) -> list[Share]:
    """Of each annotator: on how many items they say what most of the others do. Items without
    another judgement, or on which the others tie, are not counted. NaN: not judged. `groups` number
    what each item is of, such as a unit with several explanations: intervals are of as many."""
    of = np.arange(ratings.shape[1]) if groups is None else groups
    seen: list[set[int]] = [set() for _ in ratings]
    right = np.zeros(len(ratings), np.int64)
    n = np.zeros(len(ratings), np.int64)
    for group, item in zip(of, ratings.T, strict=True):
        who = np.flatnonzero(~np.isnan(item))
        if len(who) < 2:
            continue
        values, codes = np.unique(item[who], return_inverse=True)
        counts = np.bincount(codes, minlength=len(values))
        for person, code in zip(who, codes, strict=True):
            others = counts.copy()
            others[code] -= 1
            leading = np.flatnonzero(others == others.max())
            if len(leading) == 1:
                n[person] += 1
                seen[person].add(int(group))
                right[person] += int(leading[0] == code)
    return [
        share(int(k), int(all_of), len(groups_of))
        for k, all_of, groups_of in zip(right, n, seen, strict=True)
    ]


def share(n_right: int, n: int, n_groups: int | None = None) -> Share:
    """Wilson (1927), for somebody who is always right would by Wald's interval be certain to be;
    with `n_groups`, as wide as of so many."""
    if not n:
        return Share(0, 0, None, None, None)
    value = n_right / n
    low, high = wilson(value, n if n_groups is None else n_groups)
    return Share(n_right, n, value, low, high)


def wilson(value: float, n: float) -> tuple[float, float]:
    """Low and high of a share of n; n above 0."""
    middle = (value + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * (value * (1 - value) / n + Z**2 / (4 * n**2)) ** 0.5 / (1 + Z**2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)
