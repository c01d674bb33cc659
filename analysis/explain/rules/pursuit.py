"""Which few candidates explain most of an activation: matching pursuit with shrinkage.

At each step the candidate is taken whose shrunk mean residual w = Σr/(n + λ) explains most,
n·w² = (Σr)²·n/(n + λ)², and w is subtracted where it holds. A candidate may be taken again, which
refines its weight. Only the sums Σr are kept up to date, by the overlaps of candidates, so that a
step costs one pass over them (batch matching pursuit, Rubinstein et al. 2008).
"""

from collections.abc import Collection

import numpy as np
from jaxtyping import Float32, Int32
from numba import njit
from numpy import ndarray

from analysis.explain.rules.candidates import Candidates

BLOCK = 512


def pursue(
    residual: Float32[ndarray, " position"],
    candidates: Candidates,
    *,
    shrinkage: float,
    steps: int,
    most_listed: int,
    most_picks: int,
) -> tuple[Int32[ndarray, " pick"], Float32[ndarray, " pick"]]:
    """The picks, best first, and the weight of each."""
    sums = sums_of(residual, candidates)
    gain = candidates.counts / (candidates.counts + np.float32(shrinkage)) ** 2
    weights: dict[int, float] = {}
    n_listed = 0
    if most_listed <= 0:
        gain[candidates.listed > 0] = 0
    pick = _best(sums, gain)
    for _ in range(steps):
        if pick < 0:
            break
        weight = sums[pick] / (candidates.counts[pick] + np.float32(shrinkage))
        is_new = pick not in weights
        weights[pick] = weights.get(pick, 0.0) + float(weight)
        if is_new:
            n_listed += int(candidates.listed[pick])
            _close(gain, weights, candidates, n_listed >= most_listed, len(weights) >= most_picks)
        pick = _step(sums, gain, candidates.overlaps.column(candidates, pick), weight)
    return np.array(list(weights), np.int32), np.array(list(weights.values()), np.float32)


def _close(
    gain: Float32[ndarray, " candidate"],
    picked: Collection[int],
    candidates: Candidates,
    no_more_listed: bool,
    no_more: bool,
) -> None:
    """Where a limit is reached, only what is picked already can be picked again."""
    if no_more or no_more_listed:
        chosen = list(picked)
        kept = gain[chosen]
        gain[slice(None) if no_more else candidates.listed > 0] = 0
        gain[chosen] = kept


def sums_of(
    residual: Float32[ndarray, " position"],
    candidates: Candidates,
    chosen: Int32[ndarray, " chosen"] | None = None,
) -> Float32[ndarray, " chosen"]:
    """Of the residual, over the positions where each of the candidates (all, or those chosen)
    holds."""
    return _sums(
        residual,
        candidates.slots,
        np.arange(len(candidates), dtype=np.int32) if chosen is None else chosen,
        candidates.slot,
        candidates.type_starts,
        candidates.types,
        candidates.context_starts,
        candidates.context_positions,
        len(candidates.lexicon.ids),
    )


@njit(fastmath=True, cache=True, nogil=True)
def _sums(
    residual: ndarray,
    slots: ndarray,
    chosen: ndarray,
    slot: ndarray,
    type_starts: ndarray,
    types: ndarray,
    context_starts: ndarray,
    context_positions: ndarray,
    n_types: int,
) -> ndarray:
    n_slots, n_positions = slots.shape
    n_at_slots = len(slot)
    by_slot = np.zeros((n_slots, n_types), np.float32)
    for s in range(n_slots):
        for t in range(n_positions):
            x = slots[s, t]
            if x >= 0:
                by_slot[s, x] += residual[t]
    sums = np.empty(len(chosen), np.float32)
    for at in range(len(chosen)):
        c = chosen[at]
        total = np.float32(0)
        if c < n_at_slots:
            row = by_slot[slot[c]]
            for j in range(type_starts[c], type_starts[c + 1]):
                total += row[types[j]]
        else:
            for j in range(context_starts[c - n_at_slots], context_starts[c - n_at_slots + 1]):
                total += residual[context_positions[j]]
        sums[at] = total
    return sums


@njit(fastmath=True, cache=True, nogil=True)
def _step(sums: ndarray, gain: ndarray, column: ndarray, weight: float) -> int:
    for c in range(len(sums)):
        sums[c] -= weight * np.float32(column[c])
    return _best(sums, gain)


@njit(fastmath=True, cache=True, nogil=True)
def _best(sums: ndarray, gain: ndarray) -> int:
    """The first of the candidates that explain most; −1 where none explains anything."""
    best = np.float32(0)
    where = -1
    for start in range(0, len(sums), BLOCK):
        end = min(start + BLOCK, len(sums))
        highest = np.float32(0)
        for c in range(start, end):
            highest = max(highest, sums[c] * sums[c] * gain[c])
        if highest > best:
            best = highest
            where = start
    if where < 0:
        return where
    for c in range(where, min(where + BLOCK, len(sums))):
        if sums[c] * sums[c] * gain[c] >= best:
            return c
    return where
