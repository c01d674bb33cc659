"""What rules may ask that no single token decides: recent words, place, brackets, repetition."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int32
from numpy import ndarray

from analysis.explain.rules.lexicon import Lexicon
from analysis.programs.program import (
    AnyOf,
    Continues,
    DepthIs,
    Inside,
    Near,
    OneOf,
    PositionIs,
    Predicate,
    Repeated,
)
from analysis.programs.reading import Reading
from analysis.programs.running import strength

MOST, MOST_OF_KINDS = 0.6, 0.9
"""A candidate holds at no larger share of positions: its opposite is the base level. What lists
nothing may hold at more of them, as it also narrows other rules."""
RECENT = (8, 32)
RECENT_OCCURRENCES = 12
RECENT_NEIGHBOURS = 64


def find_contexts(
    reading: Reading, counted: Bool[ndarray, "window pos"], lexicon: Lexicon
) -> Iterator[tuple[Predicate, Int32[ndarray, " position"]]]:
    """Each with the counted positions where it holds."""
    for predicate in _predicates(lexicon):
        there = np.flatnonzero(np.asarray(strength(predicate, reading))[counted] > 0)
        most = MOST if isinstance(predicate, AnyOf) else MOST_OF_KINDS
        if RECENT_OCCURRENCES <= len(there) <= most * counted.sum():
            yield predicate, there.astype(np.int32)


def _predicates(lexicon: Lexicon) -> Iterator[Predicate]:
    yield from (PositionIs("<", n) for n in (2, 4, 8, 16, 32))
    yield from (DepthIs(">=", n) for n in (1, 2, 3))
    yield from (Inside("quotes"), Inside("code"), Continues())
    yield from (Repeated(within) for within in (16, 4096))
    for candidate in lexicon.candidates:
        test = candidate.test
        if lexicon.counts[candidate.types].sum() < RECENT_OCCURRENCES:
            continue
        if (isinstance(test, OneOf) and not test.folded) or (
            isinstance(test, Near) and test.first == RECENT_NEIGHBOURS
        ):
            yield from (AnyOf(n, 1, test) for n in RECENT)
