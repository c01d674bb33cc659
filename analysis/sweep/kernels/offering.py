"""Which windows a unit keeps: extremes and hashed samples. Ties go to the smaller window number."""

import numpy as np
from numba import njit, prange
from numpy import ndarray

from analysis.sweep.hashing import window_key
from analysis.sweep.kernels.halves import copy_trace
from analysis.sweep.kernels.reducing import BLOCK

EMPTY = np.uint32(0xFFFFFFFF)
LAST_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)


@njit(forceinline=True)
def _worst_extreme(peaks: ndarray, windows: ndarray, start: int, end: int, sign: np.float32) -> int:
    worst = start
    for s in range(start + 1, end):
        a, b = sign * peaks[s], sign * peaks[worst]
        if a < b or (a == b and windows[s] > windows[worst]):
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
def _interval_of(high: np.float32, edges: ndarray) -> int:
    at = 0  # without a branch that depends on the activation: it would be mispredicted
    for edge in range(edges.shape[0]):
        at += 1 if high > edges[edge] else 0
    return at


@njit(forceinline=True)
def _enters(
    peak: np.float32, window: np.uint32, worst: np.float32, held: np.uint32, sign: np.float32
) -> bool:
    return bool(sign * peak > sign * worst or (peak == worst and window < held))


@njit
def offer_extremes(
    extremes: ndarray,
    sign: np.float32,
    start: int,
    end: int,
    f: int,
    words: ndarray,
    lift: int,
    lengths: ndarray,
    windows: ndarray,
    peaks: ndarray,
    kept: ndarray,
    traces: ndarray,
    room: ndarray,
) -> None:
    """Keep in slots start to end of unit f the windows of highest sign · extreme.

    `extremes` [batch, unit] are the windows' maxima (sign 1) or minima (sign −1), `words` their
    activations [batch, pos, unit]; peaks and kept [slot], traces [slot, pos] and room are the
    unit's.
    """
    worst = _worst_extreme(peaks, kept, start, end, sign)
    for b in range(extremes.shape[0]):
        peak, w = extremes[b, f], windows[b]
        if np.isfinite(peak) and _enters(peak, w, peaks[worst], kept[worst], sign):
            peaks[worst], kept[worst] = peak, w
            copy_trace(words[b, :, f], lift, lengths[b], room, traces[worst])
            worst = _worst_extreme(peaks, kept, start, end, sign)


@njit
def offer_random(
    highest: ndarray,
    edges: ndarray,
    interval_counts: ndarray,
    start: int,
    per_interval: int,
    seed: np.uint64,
    unit: np.uint64,
    f: int,
    words: ndarray,
    lift: int,
    lengths: ndarray,
    windows: ndarray,
    peaks: ndarray,
    kept: ndarray,
    keys: ndarray,
    traces: ndarray,
    room: ndarray,
) -> None:
    """Keep in each interval's slots the windows of smallest hash: a uniform sample of it.

    `edges` [intervals − 1] cut the range of the window maximum; with none of them there is one
    interval and the sample is uniform over all windows. `unit` is the unit's number in the model.
    """
    n_intervals = edges.shape[0] + 1
    # The slot of each interval that the next window would take, and the key to stay below.
    next_slot, bound = np.empty(n_intervals, np.int64), np.empty(n_intervals, np.uint64)
    for at in range(n_intervals):
        first = start + at * per_interval
        next_slot[at] = _largest_key(keys, first, first + per_interval)
        bound[at] = keys[next_slot[at]]
    for b in range(highest.shape[0]):
        high, w = highest[b, f], windows[b]
        if not np.isfinite(high):
            continue
        at = _interval_of(high, edges)
        interval_counts[at] += 1
        key = window_key(seed, w, unit)
        if key < bound[at]:
            slot, first = next_slot[at], start + at * per_interval
            keys[slot], peaks[slot], kept[slot] = key, high, w
            copy_trace(words[b, :, f], lift, lengths[b], room, traces[slot])
            next_slot[at] = _largest_key(keys, first, first + per_interval)
            bound[at] = keys[next_slot[at]]


@njit
def offer(
    bottom_from: int,
    intervals_from: int,
    random_from: int,
    n_slots: int,
    per_interval: int,
    seed: np.uint64,
    interval_seed: np.uint64,
    unit: np.uint64,
    f: int,
    highest: ndarray,
    lowest: ndarray,
    edges: ndarray,
    words: ndarray,
    lift: int,
    lengths: ndarray,
    windows: ndarray,
    interval_counts: ndarray,
    peaks: ndarray,
    kept: ndarray,
    keys: ndarray,
    traces: ndarray,
    room: ndarray,
) -> None:
    """A batch to all slots of unit f; see `take`."""
    if bottom_from > 0:
        offer_extremes(
            highest, np.float32(1), 0, bottom_from, f,
            words, lift, lengths, windows, peaks, kept, traces, room,
        )  # fmt: skip
    if intervals_from > bottom_from:
        offer_extremes(
            lowest, np.float32(-1), bottom_from, intervals_from, f,
            words, lift, lengths, windows, peaks, kept, traces, room,
        )  # fmt: skip
    if per_interval > 0:
        offer_random(
            highest, edges, interval_counts, intervals_from, per_interval, interval_seed, unit, f,
            words, lift, lengths, windows, peaks, kept, keys, traces, room,
        )  # fmt: skip
    if n_slots > random_from:
        offer_random(
            highest, np.empty(0, np.float32), np.zeros(1, np.int64), random_from,
            n_slots - random_from, seed, unit, f,
            words, lift, lengths, windows, peaks, kept, keys, traces, room,
        )  # fmt: skip


@njit(parallel=True, cache=True)
def offer_extremes_only(
    windows: ndarray,
    seed: np.uint64,
    interval_seed: np.uint64,
    first_unit: np.uint64,
    bottom_from: int,
    intervals_from: int,
    random_from: int,
    n_slots: int,
    per_interval: int,
    highest: ndarray,
    lowest: ndarray,
    edges: ndarray,
    interval_counts: ndarray,
    slot_peaks: ndarray,
    slot_windows: ndarray,
    slot_keys: ndarray,
    slot_traces: ndarray,
) -> None:
    """`offer` to all units, of windows whose extremes alone are at hand: traces become empty."""
    n_units = highest.shape[1]
    words = np.empty((len(windows), 0, n_units), np.uint32)
    lengths = np.zeros(len(windows), np.int64)
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        room = np.empty(0, np.uint32)
        for f in range(block * BLOCK, min((block + 1) * BLOCK, n_units)):
            offer(
                bottom_from, intervals_from, random_from, n_slots, per_interval,
                seed, interval_seed, first_unit + np.uint64(f), f, highest, lowest, edges[f],
                words, 0, lengths, windows, interval_counts[f],
                slot_peaks[f], slot_windows[f], slot_keys[f], slot_traces[f], room,
            )  # fmt: skip


@njit(parallel=True, cache=True)
def offer_intervals(
    highest: ndarray,
    edges: ndarray,
    interval_counts: ndarray,
    start: int,
    per_interval: int,
    seed: np.uint64,
    first_unit: np.uint64,
    words: ndarray,
    lift: int,
    lengths: ndarray,
    windows: ndarray,
    slot_peaks: ndarray,
    slot_windows: ndarray,
    slot_keys: ndarray,
    slot_traces: ndarray,
) -> None:
    """`offer_random` to all units [unit, slot], for windows that were counted before."""
    n_units = highest.shape[1]
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        room = np.empty(words.shape[1], np.uint32)
        for f in range(block * BLOCK, min((block + 1) * BLOCK, n_units)):
            offer_random(
                highest, edges[f], interval_counts[f], start, per_interval, seed,
                first_unit + np.uint64(f), f, words, lift, lengths, windows,
                slot_peaks[f], slot_windows[f], slot_keys[f], slot_traces[f], room,
            )  # fmt: skip
