"""A second condition for a rule: and also, or and not.

Where a rule holds, what it explains may sit in a part of the places only. The part is looked for
among sets of tokens at every slot (the best cut of the means of types, which for two parts is
optimal: Fisher 1958) and among all candidates that say what kind of token or place it is.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from analysis.explain.rules.candidates import SLOTS, Candidates, at_slot
from analysis.explain.rules.covering import LISTED_BITS, Cover, Rest, names_of
from analysis.explain.rules.recency import explained
from analysis.programs.program import And, Not, Predicate

PART_BITS = 12.0
"""Of a condition apart from the tokens that it lists."""
MOST_IN_PART = 12
FEWEST = 4
"""Positions that a part must have, and leave."""


def narrowed(cover: Cover, rest: Rest, candidates: Candidates) -> Cover:
    """With the condition that is worth most; as it was where none is worth anything."""
    place = np.flatnonzero(cover.held)
    if len(place) < 2 * FEWEST:
        return cover
    options = [*_listed(cover, place, rest, candidates), *_said(cover, place, rest, candidates)]
    best = max(options, key=lambda one: float(rest.worth(one.gain, one.bits)), default=cover)
    before = rest.worth(cover.gain, cover.bits)
    return best if rest.worth(best.gain, best.bits) > before else cover


def _with(
    cover: Cover, part: Predicate, there: Bool[ndarray, " position"], n_listed: int, rest: Rest
) -> Cover:
    held = cover.held * there
    n, total = float(held.sum()), float(rest.values @ held)
    gain = float(explained(np.float64(total), np.float64(n), len(rest.values)))
    before = cover.predicate.parts if isinstance(cover.predicate, And) else (cover.predicate,)
    bits = cover.bits + PART_BITS + LISTED_BITS * n_listed
    return Cover(And((*before, part)), held, bits, gain)


def _listed(
    cover: Cover, place: ndarray, rest: Rest, candidates: Candidates
) -> Iterator[Cover]:
    """That a token is, or is not, one of a few."""
    values = rest.values[place].astype(np.float64)
    total, n, n_all = values.sum(), len(place), len(rest.values)
    for slot in range(SLOTS):
        ids, inverse = np.unique(candidates.slots[slot][place], return_inverse=True)
        if len(ids) < 2:
            continue
        sums, counts = np.bincount(inverse, weights=values), np.bincount(inverse)
        rising = np.argsort(sums / counts, kind="stable")
        for order in (rising, rising[::-1]):
            few = order[ids[order] >= 0][:MOST_IN_PART]
            sums_of_few, n_of_few = sums[few].cumsum(), counts[few].cumsum()
            costs = PART_BITS + LISTED_BITS * np.arange(1, len(few) + 1)
            for within in (True, False):
                s = sums_of_few if within else total - sums_of_few
                m = n_of_few if within else n - n_of_few
                gains = explained(s, m, n_all)
                gains[(m < FEWEST) | (n - m < FEWEST)] = 0
                if not len(gains):
                    continue
                at = int(np.argmax(rest.worth(gains, costs)))
                types = ids[few[: at + 1]]
                part = at_slot(slot, names_of(types, candidates))
                there = np.isin(candidates.slots[slot], types)
                yield (
                    _with(cover, part, there, at + 1, rest)
                    if within
                    else _with(cover, Not(part), ~there, at + 1, rest)
                )


def _said(cover: Cover, place: ndarray, rest: Rest, candidates: Candidates) -> Iterator[Cover]:
    """That a token or place is, or is not, of a kind."""
    values = rest.values[place].astype(np.float64)
    total, n, n_all = values.sum(), len(place), len(rest.values)
    if not len(candidates.kinds):
        return
    inside = candidates.kinds_hold[:, place]
    sums, counts = inside @ values, inside.sum(1)
    for within in (True, False):
        s, m = (sums, counts) if within else (total - sums, n - counts)
        gains = explained(s, m, n_all)
        gains[(m < FEWEST) | (n - m < FEWEST)] = 0
        at = int(np.argmax(gains))
        part = candidates.predicate(int(candidates.kinds[at]))
        there = candidates.kinds_hold[at]
        yield (
            _with(cover, part, there, 0, rest)
            if within
            else _with(cover, Not(part), ~there, 0, rest)
        )
