"""At how many positions two candidates hold together: the Gram matrix of a text, column by column.

It is the same for every unit, and units pick the same candidates again and again, so that columns
are kept once computed, as many as fit. A kept column and a computed one are the same whole numbers:
what is fitted does not depend on what was fitted before.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt
from numba import njit
from numpy import ndarray

if TYPE_CHECKING:
    from analysis.explain.rules.candidates import Candidates

KEPT_BYTES = 640 * 2**20
SPARSE_SHARE = 0.33
"""A column with overlaps with fewer candidates is kept as a list of those."""
FEW = 48
"""Positions up to which types are added one by one, which spares collecting them."""
MANY = 800
"""Positions from which on nearly every candidate is met, so that each adds up its own types."""


@dataclass(frozen=True, eq=False)
class Column:
    """Overlaps of one candidate; read-only by agreement."""

    counts: UInt[ndarray, " met"]
    others: UInt[ndarray, " met"] | None
    """Whose they are; None: every candidate's, in order."""

    @property
    def nbytes(self) -> int:
        return self.counts.nbytes + (0 if self.others is None else self.others.nbytes)


class Overlaps:
    """Columns that were computed; one per text."""

    def __init__(self) -> None:
        self._kept: dict[int, Column] = {}
        self._bytes = 0

    def column(self, candidates: "Candidates", which: int) -> Column:
        kept = self._kept.get(which)
        if kept is not None:
            return kept
        column = _packed(count_overlaps(candidates, which))
        if self._bytes < KEPT_BYTES:
            self._kept[which] = column
            self._bytes += column.nbytes
        return column


def _packed(counts: UInt[ndarray, " candidate"]) -> Column:
    others = np.flatnonzero(counts)
    if len(others) > SPARSE_SHARE * len(counts):
        return Column(counts, None)
    small = np.uint16 if len(counts) < 2**16 else np.uint32
    return Column(counts[others], others.astype(small))


def count_overlaps(candidates: "Candidates", which: int) -> UInt[ndarray, " candidate"]:
    column = np.zeros(len(candidates), np.uint16 if candidates.n_positions < 2**16 else np.uint32)
    _count(
        column,
        candidates.places(which),
        candidates.slots,
        candidates.slot,
        candidates.type_starts,
        candidates.types,
        candidates.by_type_starts,
        candidates.by_type,
        candidates.by_position_starts,
        candidates.by_position,
        candidates.n_at_slots,
        len(candidates.lexicon.ids),
    )
    return column


@njit(cache=True, nogil=True)
def _count(
    column: ndarray,
    places: ndarray,
    slots: ndarray,
    slot: ndarray,
    type_starts: ndarray,
    types: ndarray,
    by_type_starts: ndarray,
    by_type: ndarray,
    by_position_starts: ndarray,
    by_position: ndarray,
    n_at_slots: int,
    n_types: int,
) -> None:
    n_slots = slots.shape[0]
    if len(places) <= FEW:
        for k in range(len(places)):
            t = places[k]
            for s in range(n_slots):
                if slots[s, t] >= 0:
                    place = s * n_types + slots[s, t]
                    for q in range(by_type_starts[place], by_type_starts[place + 1]):
                        column[by_type[q]] += 1
            for q in range(by_position_starts[t], by_position_starts[t + 1]):
                column[n_at_slots + by_position[q]] += 1
        return
    together = np.zeros(n_slots * n_types, np.int32)
    met = np.empty(n_slots * min(n_types, len(places)), np.int64)
    n_met = 0
    for k in range(len(places)):
        t = places[k]
        for s in range(n_slots):
            x = slots[s, t]
            if x >= 0:
                place = s * n_types + x
                if together[place] == 0:
                    met[n_met] = place
                    n_met += 1
                together[place] += 1
        for q in range(by_position_starts[t], by_position_starts[t + 1]):
            column[n_at_slots + by_position[q]] += 1
    if len(places) >= MANY:
        for c in range(n_at_slots):
            row = slot[c] * n_types
            total = 0
            for j in range(type_starts[c], type_starts[c + 1]):
                total += together[row + types[j]]
            column[c] = total
        return
    for k in range(n_met):
        place = met[k]
        for q in range(by_type_starts[place], by_type_starts[place + 1]):
            column[by_type[q]] += together[place]
