"""Where a row stands in the search index: what was tested best comes first.

A key is the rank in its upper half and the row's id in its lower. Ranks go down with r on the test
split in steps of 0.004; what has no r lies behind, in an order drawn by the id, so that the first
thousand of a million explanations without scores come from everywhere.
"""

from typing import Final

RANKS: Final = 500
STEPS: Final = 250
"""Ranks per unit of r."""
ID_BITS: Final = 32
GOLDEN: Final = 0x9E3779B1


def explanation_key(explanation_id: int, r: float | None) -> int:
    return (_drawn(explanation_id) if r is None else rank_of(r)) << ID_BITS | explanation_id


def unit_key(row_id: int, share: float) -> int:
    """`share` of a unit's top exemplars that peak at the same token: the more, the earlier. Within
    a sixteenth the order is drawn, so that no layer comes first."""
    sixteenth = min(15, int(16 * (1 - share)))
    return (sixteenth * 32 + (row_id * GOLDEN >> 20) % 32) << ID_BITS | row_id


def rank_of(r: float) -> int:
    return min(RANKS - 1, max(0, int((1 - r) * STEPS)))


def last_key(r: float) -> int:
    """All explanations of at least this r have keys up to it; so have a few that are just below."""
    return (rank_of(r) + 1) << ID_BITS


def id_of(key: int) -> int:
    return key & (1 << ID_BITS) - 1


def _drawn(row_id: int) -> int:
    return RANKS + ((row_id * GOLDEN) % 2**32 >> 16) % RANKS
