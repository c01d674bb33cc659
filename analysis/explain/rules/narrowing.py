"""A second condition for a rule: and also, or and not.

Where a rule holds, what it explains may sit in a part of the places only. The part is looked for
among sets of tokens at every slot (the best cut of the means of types, which for two parts is
optimal: Fisher 1958) and among all candidates that say what kind of token or place it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from analysis.explain.rules.candidates import SLOTS, Candidates, at_slot
from analysis.explain.rules.covering import LISTED_BITS, Cover, Rest, names_of
from analysis.explain.rules.recency import explained
from analysis.programs.program import And, Not

PART_BITS = 12.0
"""Of a condition apart from the tokens that it lists."""
MOST_IN_PART = 12
FEWEST = 4
"""Positions that a part must have, and leave."""


@dataclass(frozen=True, eq=False)
class _Part:
    """A condition, not yet applied."""

    worth: float
    slot: int
    """−1: one of the kinds."""
    chosen: ndarray
    """Types at the slot, or the one kind."""
    within: bool


def narrowed(cover: Cover, rest: Rest, candidates: Candidates) -> Cover:
    """With the condition that is worth most; as it was where none is worth anything."""
    place = np.flatnonzero(cover.held)
    if len(place) < 2 * FEWEST:
        return cover
    values = rest.values[place].astype(np.float64)
    whole = (values.sum(), len(place), cover.bits + PART_BITS)
    parts = [*_listed(place, values, whole, rest, candidates)]
    parts += _said(place, values, whole, rest, candidates)
    best = max(parts, key=lambda part: part.worth, default=None)
    if best is None or best.worth <= rest.worth(cover.gain, cover.bits):
        return cover
    return _applied(cover, best, rest, candidates)


def _applied(cover: Cover, part: _Part, rest: Rest, candidates: Candidates) -> Cover:
    if part.slot < 0:
        kind = int(part.chosen[0])
        condition, there = (
            candidates.predicate(int(candidates.kinds[kind])),
            candidates.kinds_hold[kind],
        )
    else:
        condition = at_slot(part.slot, names_of(part.chosen, candidates))
        passing = np.zeros(len(candidates.lexicon.ids) + 1, np.bool_)
        passing[part.chosen] = True
        there = passing[candidates.slots[part.slot]]
    if not part.within:
        condition, there = Not(condition), ~there
    held = cover.held * there
    gain = explained(float(rest.values @ held), float(held.sum()), len(held))
    before = cover.predicate.parts if isinstance(cover.predicate, And) else (cover.predicate,)
    bits = cover.bits + PART_BITS + LISTED_BITS * (len(part.chosen) if part.slot >= 0 else 0)
    return Cover(And((*before, condition)), held, bits, float(gain))


def _listed(
    place: ndarray,
    values: ndarray,
    whole: tuple[float, int, float],
    rest: Rest,
    candidates: Candidates,
) -> Iterator[_Part]:
    """That a token is, or is not, one of a few."""
    total, n, bits = whole
    n_types = len(candidates.lexicon.ids)
    for slot in range(SLOTS):
        row = candidates.slots[slot][place] + 1
        sums = np.bincount(row, weights=values, minlength=n_types + 1)[1:]
        counts = np.bincount(row, minlength=n_types + 1)[1:]
        ids = np.flatnonzero(counts)
        rising = ids[np.argsort(sums[ids] / counts[ids], kind="stable")]
        for few in (rising[:MOST_IN_PART], rising[::-1][:MOST_IN_PART]):
            costs = bits + LISTED_BITS * np.arange(1, len(few) + 1)
            listed_sums, listed_n = sums[few].cumsum(), counts[few].cumsum()
            for within in (True, False):
                s, m = (listed_sums, listed_n) if within else (total - listed_sums, n - listed_n)
                gains = explained(s, m, len(rest.values))
                gains[(m < FEWEST) | (n - m < FEWEST)] = 0
                if len(gains):
                    worth = rest.worth(gains, costs)
                    at = int(np.argmax(worth))
                    yield _Part(float(worth[at]), slot, few[: at + 1], within)


def _said(
    place: ndarray,
    values: ndarray,
    whole: tuple[float, int, float],
    rest: Rest,
    candidates: Candidates,
) -> Iterator[_Part]:
    """That a token or place is, or is not, of a kind."""
    total, n, bits = whole
    if not len(candidates.kinds):
        return
    inside = candidates.kinds_hold[:, place]
    sums, counts = inside.astype(np.float32) @ values.astype(np.float32), inside.sum(1)
    for within in (True, False):
        s, m = (sums, counts) if within else (total - sums, n - counts)
        gains = explained(s, m, len(rest.values))
        gains[(m < FEWEST) | (n - m < FEWEST)] = 0
        at = int(np.argmax(gains))
        yield _Part(float(rest.worth(gains[at], bits)), -1, np.array([at]), within)
