"""Many weighted picks joined into few rules: alike weights at one slot become one rule.

Picks may be joined where one phrase says both: the same slot, or recent words of the same reach.
Time and again the cheapest change is made: joining two neighbours in weight costs
n₁n₂/(n₁+n₂)·(w₁−w₂)², dropping one n·w² (Ward's criterion, with the base level as a cluster that is
always there). Fewer rules are made of more rules, so the programs of all lengths are nested.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64
from numba import njit
from numpy import ndarray

from analysis.explain.rules.candidates import Candidates
from analysis.programs.program import (
    AnyOf,
    At,
    Echo,
    OneOf,
    Or,
    Predicate,
    TokenTest,
)


@dataclass(frozen=True)
class Group:
    """Picks that share a rule."""

    picks: tuple[int, ...]
    weight: float
    """The mean of theirs, by positions."""


def group_picks(
    picks: Int32[ndarray, " pick"],
    weights: Float32[ndarray, " pick"],
    candidates: Candidates,
    *,
    lengths: Sequence[int],
    most_in_tail: int,
) -> Iterator[list[Group]]:
    """For each length, longest first: so many groups or fewer, at most `most_in_tail` of a sign."""
    picks, weights = picks[weights != 0], weights[weights != 0]
    keys = np.array([_key(candidates, pick) for pick in picks.tolist()], np.int64)
    order = np.lexsort((weights, keys, weights > 0))
    picks, keys = picks[order], keys[order]
    counts = candidates.counts[picks].astype(np.float64)
    means = weights[order].astype(np.float64)
    owner = np.arange(len(picks))
    for length in sorted(lengths, reverse=True):
        owner = thin_out(keys, means, counts, owner, most=length, most_in_tail=most_in_tail)
        yield [
            Group(tuple(picks[owner == first].tolist()), float(means[first]))
            for first in np.unique(owner[owner >= 0]).tolist()
        ]


def thin_out(
    keys: Int64[ndarray, " pick"],
    means: Float64[ndarray, " pick"],
    counts: Float64[ndarray, " pick"],
    owner: Int64[ndarray, " pick"],
    *,
    most: int,
    most_in_tail: int,
) -> Int64[ndarray, " pick"]:
    """The first pick of each pick's group; −1: dropped. Of picks sorted by sign, key and weight.

    At the first pick of each group, `means` and `counts` are those of the group, and are changed.
    """
    return np.asarray(_thin_out(keys, means, counts, owner.copy(), most, most_in_tail))


@njit(cache=True, nogil=True)
def _thin_out(
    keys: ndarray, means: ndarray, counts: ndarray, owner: ndarray, most: int, most_in_tail: int
) -> ndarray:
    n = len(keys)
    alive = np.zeros(n, np.bool_)
    tails = np.zeros(2, np.int64)
    for i in range(n):
        if owner[i] == i:
            alive[i] = True
            tails[int(means[i] > 0)] += 1
    while tails[0] + tails[1] > most or max(tails[0], tails[1]) > most_in_tail:
        best, at, other = np.inf, -1, -1
        previous = -1
        for i in range(n):
            if not alive[i]:
                continue
            tail = int(means[i] > 0)
            if tails[0] + tails[1] > most or tails[tail] > most_in_tail:
                cost = counts[i] * means[i] ** 2
                if cost < best:
                    best, at, other = cost, i, -1
                if (
                    previous >= 0
                    and keys[previous] == keys[i]
                    and (means[previous] > 0) == (means[i] > 0)
                ):
                    both = counts[i] + counts[previous]
                    cost = counts[i] * counts[previous] / both * (means[i] - means[previous]) ** 2
                    if cost < best:
                        best, at, other = cost, i, previous
            previous = i
        alive[at] = False
        tails[int(means[at] > 0)] -= 1
        if other >= 0:
            both = counts[at] + counts[other]
            means[other] = (counts[at] * means[at] + counts[other] * means[other]) / both
            counts[other] = both
        for i in range(n):
            if owner[i] == at:
                owner[i] = other
    return owner


def predicate_of(group: Group, candidates: Candidates) -> Predicate:
    """One phrase for all picks of a group: sets are united, other tests stand beside them."""
    predicates = [candidates.predicate(pick) for pick in group.picks]
    if len(predicates) == 1:
        return predicates[0]
    tests = [one.test for one in predicates if isinstance(one, At | Echo | AnyOf)]
    first = predicates[0]
    united = [_same_place(first, test) for test in _united(tests)]
    return united[0] if len(united) == 1 else Or(tuple(united))


def _same_place(place: Predicate, test: TokenTest) -> Predicate:
    match place:
        case At(back, _):
            return At(back, test)
        case AnyOf(first, last, _):
            return AnyOf(first, last, test)
        case Echo():
            return Echo(test)
        case _:
            raise TypeError(f"{place} is not about a token")


def _united(tests: Sequence[TokenTest]) -> list[TokenTest]:
    """Lists joined to one; other tests as they are."""
    exact: dict[bool, list[str]] = {False: [], True: []}
    others: list[TokenTest] = []
    for test in tests:
        if isinstance(test, OneOf):
            exact[test.folded] += [text for text in test.texts if text not in exact[test.folded]]
        else:
            others.append(test)
    lists = [OneOf(tuple(texts), folded) for folded, texts in exact.items() if texts]
    return [*lists, *others]


def _key(candidates: Candidates, pick: int) -> int:
    """What picks must share to be joined; negative: nothing else shares it."""
    if pick < candidates.n_at_slots:
        return int(candidates.slot[pick])
    predicate = candidates.predicate(pick)
    return 100 + predicate.first if isinstance(predicate, AnyOf) else -1 - pick
