"""Which few candidates explain most of an activation: matching pursuit with shrinkage.

At each step the candidate is taken whose shrunk mean residual w = Σr/(n + λ) explains most,
n·w², and w is subtracted where it holds. A candidate may be taken again, which refines its weight.
Sums per candidate are kept up to date from the token types and contexts that changed, so a step
costs what it changes (batch orthogonal matching pursuit, Rubinstein et al. 2008, with sets in
place of the Gram matrix).
"""

import numba
import numpy as np
from jaxtyping import Float32, Int32
from numpy import ndarray

from analysis.explain.rules.candidates import Candidates


def pursue(
    residual: Float32[ndarray, " position"],
    candidates: Candidates,
    *,
    shrinkage: float,
    steps: int,
    most_listed: int,
    most_picks: int,
) -> tuple[Int32[ndarray, " pick"], Float32[ndarray, " pick"]]:
    """The picks, best first, and the weight of each; `residual` is changed in place."""
    weights, order, n = _pursue(
        residual,
        candidates.slots,
        candidates.slot,
        candidates.type_starts,
        candidates.types,
        candidates.by_type_starts,
        candidates.by_type,
        candidates.occurrence_starts,
        candidates.occurrences,
        candidates.context_starts,
        candidates.context_positions,
        candidates.by_position_starts,
        candidates.by_position,
        candidates.counts,
        candidates.listed,
        np.float32(shrinkage),
        steps,
        most_listed,
        most_picks,
        len(candidates.lexicon.ids),
    )
    picks = order[:n]
    return picks, weights[picks]


@numba.njit(fastmath=True, cache=True, nogil=True)
def _pursue(
    residual,
    slots,
    slot,
    type_starts,
    types,
    by_type_starts,
    by_type,
    occurrence_starts,
    occurrences,
    context_starts,
    context_positions,
    by_position_starts,
    by_position,
    counts,
    listed,
    shrinkage,
    steps,
    most_listed,
    most_picks,
    n_types,
):
    n_slots, n_positions = slots.shape
    n_at_slots = len(slot)
    n = len(counts)
    by_slot = np.zeros((n_slots, n_types), np.float32)
    for s in range(n_slots):
        for t in range(n_positions):
            x = slots[s, t]
            if x >= 0:
                by_slot[s, x] += residual[t]
    sums = np.zeros(n, np.float32)
    gain = np.empty(n, np.float32)
    for c in range(n):
        total = np.float32(0)
        if c < n_at_slots:
            for j in range(type_starts[c], type_starts[c + 1]):
                total += by_slot[slot[c], types[j]]
        else:
            for j in range(context_starts[c - n_at_slots], context_starts[c - n_at_slots + 1]):
                total += residual[context_positions[j]]
        sums[c] = total
        gain[c] = counts[c] / (counts[c] + shrinkage) ** 2
    changes = np.zeros(n_slots * n_types, np.float32)
    changed = np.empty(n_slots * n_types, np.int64)
    is_changed = np.zeros(n_slots * n_types, np.bool_)
    weights = np.zeros(n, np.float32)
    order = np.empty(most_picks, np.int32)
    is_picked = np.zeros(n, np.bool_)
    n_picks = 0
    n_listed = 0
    for _ in range(steps):
        best = np.float32(0)
        pick = -1
        for c in range(n):
            explained = sums[c] * sums[c] * gain[c]
            if explained > best and (
                is_picked[c] or (n_picks < most_picks and n_listed + listed[c] <= most_listed)
            ):
                best = explained
                pick = c
        if pick < 0:
            break
        weight = sums[pick] / (counts[pick] + shrinkage)
        weights[pick] += weight
        if not is_picked[pick]:
            is_picked[pick] = True
            order[n_picks] = pick
            n_picks += 1
            n_listed += listed[pick]
        n_changed = 0
        if pick < n_at_slots:
            first, last = type_starts[pick], type_starts[pick + 1]
        else:
            first, last = context_starts[pick - n_at_slots], context_starts[pick - n_at_slots + 1]
        for j in range(first, last):
            if pick < n_at_slots:
                begin = occurrence_starts[slot[pick], types[j]]
                end = occurrence_starts[slot[pick], types[j] + 1]
            else:
                begin, end = j, j + 1
            for k in range(begin, end):
                t = occurrences[k] if pick < n_at_slots else context_positions[k]
                residual[t] -= weight
                for s in range(n_slots):
                    x = slots[s, t]
                    if x >= 0:
                        place = s * n_types + x
                        changes[place] -= weight
                        if not is_changed[place]:
                            is_changed[place] = True
                            changed[n_changed] = place
                            n_changed += 1
                for q in range(by_position_starts[t], by_position_starts[t + 1]):
                    sums[n_at_slots + by_position[q]] -= weight
        for k in range(n_changed):
            place = changed[k]
            change = changes[place]
            is_changed[place] = False
            changes[place] = 0
            for q in range(by_type_starts[place], by_type_starts[place + 1]):
                sums[by_type[q]] += change
    return weights, order, n_picks
