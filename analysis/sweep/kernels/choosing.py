"""Which windows a unit keeps: extremes and hashed samples. Ties go to the smaller window number.

Choosing needs the extremes of a batch's windows only, wherever they were computed. It says for
every slot which window of the batch has come in, so that just the traces of these are copied.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int16, Int64, UInt32, UInt64
from numba import njit, prange
from numpy import ndarray

from analysis.sweep.hashing import window_key
from analysis.sweep.kernels.arguments import Extremes, Hashing, Held, Offer
from analysis.sweep.kernels.reducing import BLOCK

EMPTY = np.uint32(0xFFFFFFFF)
LAST_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)
NONE = np.int16(-1)
"""In place of a window of the batch: the slot keeps what it had."""
INTERVALS = np.uint64(0x1A7E2FA1)
"""Sets the hashes of the intervals apart: the uniform sample would come back there otherwise."""


class _Room(NamedTuple):
    """Of each interval, the slot that the next window would take and the key to stay below."""

    next_slots: Int64[ndarray, " interval"]
    bounds: UInt64[ndarray, " interval"]
    uncounted: Int64[ndarray, " interval"]


@njit
def make_room(n_intervals: int) -> _Room:
    """Once per thread: memory for every unit anew would take longer than choosing."""
    counts = np.zeros(n_intervals, np.int64)
    return _Room(np.empty(n_intervals, np.int64), np.empty(n_intervals, np.uint64), counts)


@njit(forceinline=True)
def _worst_extreme(peaks: ndarray, kept: ndarray, start: int, end: int, sign: np.float32) -> int:
    worst = start
    for s in range(start + 1, end):
        a, b = sign * peaks[s], sign * peaks[worst]
        if a < b or (a == b and kept[s] > kept[worst]):
            worst = s
    return worst


@njit(forceinline=True)
def _largest_key(keys: ndarray, start: int, end: int) -> int:
    worst = start
    for s in range(start + 1, end):
        if keys[s] > keys[worst]:
            worst = s
    return worst


@njit(forceinline=True)
def _interval_of(high: np.float32, edges: ndarray, n_edges: int) -> int:
    at = 0  # without a branch that depends on the activation: it would be mispredicted
    for edge in range(n_edges):
        at += 1 if high > edges[edge] else 0
    return at


@njit
def _choose_extremes(
    f: int,
    sign: np.float32,
    start: int,
    end: int,
    extremes: Float32[ndarray, "batch unit"],
    windows: UInt32[ndarray, " batch"],
    held: Held,
    sources: Int16[ndarray, "unit slot"],
) -> None:
    """The windows of highest sign · extreme, in slots start to end of unit f."""
    peaks, kept = held.peaks[f], held.windows[f]
    worst = _worst_extreme(peaks, kept, start, end, sign)
    for b in range(len(windows)):
        peak = extremes[b, f]
        ahead = sign * peak > sign * peaks[worst]
        tied = peak == peaks[worst] and windows[b] < kept[worst]
        if (ahead or tied) and np.isfinite(peak):
            peaks[worst], kept[worst], sources[f, worst] = peak, windows[b], b
            worst = _worst_extreme(peaks, kept, start, end, sign)


@njit
def _choose_drawn(
    f: int,
    seed: np.uint64,
    unit: np.uint64,
    start: int,
    size: int,
    n_edges: int,
    edges: Float32[ndarray, "unit edge"],
    highest: Float32[ndarray, "batch unit"],
    windows: UInt32[ndarray, " batch"],
    held: Held,
    counts: Int64[ndarray, " interval"],
    sources: Int16[ndarray, "unit slot"],
    room: _Room,
) -> None:
    """The windows of smallest hash in each interval's slots: a uniform sample of it.

    The first `n_edges` edges cut the range of the window maximum; with none of them there is one
    interval. `unit` is the unit's number in the model.
    """
    peaks, kept, keys = held.peaks[f], held.windows[f], held.keys[f]
    for at in range(n_edges + 1):
        first = start + at * size
        room.next_slots[at] = _largest_key(keys, first, first + size)
        room.bounds[at] = keys[room.next_slots[at]]
    for b in range(len(windows)):
        high = highest[b, f]
        if not np.isfinite(high):
            continue
        at = _interval_of(high, edges[f], n_edges)
        counts[at] += 1
        key = window_key(seed, windows[b], unit)
        if key < room.bounds[at]:
            slot, first = room.next_slots[at], start + at * size
            keys[slot], peaks[slot], kept[slot], sources[f, slot] = key, high, windows[b], b
            room.next_slots[at] = _largest_key(keys, first, first + size)
            room.bounds[at] = keys[room.next_slots[at]]


@njit
def choose(
    f: int,
    extremes: Extremes,
    windows: UInt32[ndarray, " batch"],
    hashing: Hashing,
    offer: Offer,
    edges: Float32[ndarray, "unit edge"],
    held: Held,
    sources: Int16[ndarray, "unit slot"],
    room: _Room,
) -> None:
    """`choose_all` for unit f."""
    sources[f] = NONE
    if offer.top_end > 0:
        _choose_extremes(
            f, np.float32(1), 0, offer.top_end, extremes.highest, windows, held, sources
        )
    if offer.bottom_end > offer.bottom_from:
        _choose_extremes(
            f, np.float32(-1), offer.bottom_from, offer.bottom_end, extremes.lowest, windows, held,
            sources,
        )  # fmt: skip
    seed, unit = np.uint64(hashing.seed), np.uint64(hashing.first_unit + f)
    if offer.per_interval > 0:
        _choose_drawn(
            f, seed ^ INTERVALS, unit, offer.intervals_from, offer.per_interval, edges.shape[1],
            edges, extremes.highest, windows, held, held.interval_counts[f], sources, room,
        )  # fmt: skip
    if offer.random_end > offer.random_from:
        _choose_drawn(
            f, seed, unit, offer.random_from, offer.random_end - offer.random_from, 0,
            edges, extremes.highest, windows, held, room.uncounted, sources, room,
        )  # fmt: skip


@njit(parallel=True, cache=True)
def choose_all(
    extremes: Extremes,
    windows: UInt32[ndarray, " batch"],
    hashing: Hashing,
    offer: Offer,
    edges: Float32[ndarray, "unit edge"],
    held: Held,
) -> Int16[ndarray, "unit slot"]:
    """Offer a batch's windows to the slots of every unit, and count them in their intervals.

    Returns for every slot which window of the batch it took, or NONE; traces stay as they are.
    """
    n_units = extremes.highest.shape[1]
    sources = np.empty((n_units, held.peaks.shape[1]), np.int16)
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        room = make_room(edges.shape[1] + 1)
        for f in range(block * BLOCK, min((block + 1) * BLOCK, n_units)):
            choose(f, extremes, windows, hashing, offer, edges, held, sources, room)
    return sources
