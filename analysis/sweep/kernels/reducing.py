"""Sums, counts, extremes and histograms: one reading of a block of units in a batch.

Powers are summed about a shift in float32 for a few positions and in float64 beyond. What is not
finite is found in the sums, and its unit and window are then counted carefully.
"""

import numpy as np
from numba import njit
from numpy import ndarray

from analysis.sweep.hashing import phase
from analysis.sweep.histogram import BINS, FIRST_CODE
from analysis.sweep.kernels.halves import float_of

BLOCK = 256
"""Units per block: eight accumulators of a block stay in the first-level cache."""
EXACT_FOR = 256
"""Positions whose powers may be summed in float32: so few lose no digit that matters."""
HALF = BINS // 2
# No `nnan` or `ninf`: activations may be NaN or infinite, and are counted apart.
FAST = {"contract", "reassoc", "nsz"}


@njit(forceinline=True, fastmath=FAST)
def _add_rows(
    rows: ndarray,
    lift: int,
    lo: int,
    width: int,
    shift: ndarray,
    threshold: np.float32,
    acc: ndarray,
) -> None:
    """Add four positions [4, unit] of a block to its accumulators: what is read and written of
    these is a quarter of what it would be position by position."""
    one, none = np.float32(1), np.float32(0)
    for f in range(width):
        s = shift[lo + f]
        v0, v1 = float_of(rows[0, lo + f], lift), float_of(rows[1, lo + f], lift)
        v2, v3 = float_of(rows[2, lo + f], lift), float_of(rows[3, lo + f], lift)
        d0, d1, d2, d3 = v0 - s, v1 - s, v2 - s, v3 - s
        q0, q1, q2, q3 = d0 * d0, d1 * d1, d2 * d2, d3 * d3
        acc[f] += (d0 + d1) + (d2 + d3)
        acc[BLOCK + f] += (q0 + q1) + (q2 + q3)
        acc[2 * BLOCK + f] += (q0 * d0 + q1 * d1) + (q2 * d2 + q3 * d3)
        acc[3 * BLOCK + f] += (q0 * q0 + q1 * q1) + (q2 * q2 + q3 * q3)
        top, low = max(v0, v1, v2, v3), min(v0, v1, v2, v3)
        acc[4 * BLOCK + f] = top if top > acc[4 * BLOCK + f] else acc[4 * BLOCK + f]
        acc[5 * BLOCK + f] = low if low < acc[5 * BLOCK + f] else acc[5 * BLOCK + f]
        acc[6 * BLOCK + f] += (
            (one if v0 > none else none) + (one if v1 > none else none)
            + (one if v2 > none else none) + (one if v3 > none else none)
        )  # fmt: skip
        acc[7 * BLOCK + f] += (
            (one if v0 > threshold else none) + (one if v1 > threshold else none)
            + (one if v2 > threshold else none) + (one if v3 > threshold else none)
        )  # fmt: skip


@njit(forceinline=True, fastmath=FAST)
def _add_row(
    row: ndarray,
    lift: int,
    lo: int,
    width: int,
    shift: ndarray,
    threshold: np.float32,
    acc: ndarray,
) -> None:
    """Add one position [unit]."""
    for f in range(width):
        v = float_of(row[lo + f], lift)
        d = v - shift[lo + f]
        d2 = d * d
        acc[f] += d
        acc[BLOCK + f] += d2
        acc[2 * BLOCK + f] += d2 * d
        acc[3 * BLOCK + f] += d2 * d2
        acc[4 * BLOCK + f] = v if v > acc[4 * BLOCK + f] else acc[4 * BLOCK + f]
        acc[5 * BLOCK + f] = v if v < acc[5 * BLOCK + f] else acc[5 * BLOCK + f]
        acc[6 * BLOCK + f] += np.float32(1) if v > np.float32(0) else np.float32(0)
        acc[7 * BLOCK + f] += np.float32(1) if v > threshold else np.float32(0)


@njit(forceinline=True, fastmath=FAST)
def _bin(row: ndarray, lift: int, lo: int, width: int, histogram: ndarray) -> None:
    for f in range(lo, lo + width):
        bits = np.int32(np.uint32(row[f]) << np.uint32(lift))
        magnitude = bits & np.int32(0x7FFFFFFF)
        if magnitude >= np.int32(0x7F800000):
            continue
        code = (magnitude >> np.int32(21)) - np.int32(FIRST_CODE)
        code = min(max(code, np.int32(0)), np.int32(HALF - 1))
        histogram[f, HALF + code if bits >= 0 else HALF - 1 - code] += np.uint32(1)


@njit(forceinline=True, fastmath=FAST)
def _clear(acc: ndarray, wide: ndarray) -> None:
    acc[:] = np.float32(0)
    for f in range(BLOCK):
        acc[4 * BLOCK + f] = -np.inf
        acc[5 * BLOCK + f] = np.inf
    wide[:] = 0.0


@njit(forceinline=True, fastmath=FAST)
def _widen(acc: ndarray, wide: ndarray) -> None:
    """Move the float32 sums of powers into float64, before they lose digits."""
    for i in range(4 * BLOCK):
        wide[i] += np.float64(acc[i])
        acc[i] = np.float32(0)


@njit(forceinline=True, fastmath=FAST)
def _flush(
    acc: ndarray,
    wide: ndarray,
    width: int,
    lo: int,
    counted: int,
    sums: ndarray,
    counts: ndarray,
    highest: ndarray,
    lowest: ndarray,
) -> bool:
    """Bring one window's accumulators into the sums; False if any is not finite."""
    finite = True
    for f in range(width):
        fine = np.isfinite(wide[3 * BLOCK + f]) and np.isfinite(wide[f])
        fine = fine and np.isfinite(acc[4 * BLOCK + f]) and np.isfinite(acc[5 * BLOCK + f])
        highest[lo + f] = acc[4 * BLOCK + f]
        lowest[lo + f] = acc[5 * BLOCK + f]
        if not fine:
            highest[lo + f] = np.nan
            finite = False
            continue
        for p in range(4):
            sums[p, lo + f] += wide[p * BLOCK + f]
        counts[0, lo + f] += counted
        counts[1, lo + f] += np.int64(acc[6 * BLOCK + f])
        counts[2, lo + f] += np.int64(acc[7 * BLOCK + f])
    return finite


@njit
def _count_carefully(
    values: ndarray,
    f: int,
    first: int,
    shift: np.float32,
    threshold: np.float32,
    sums: ndarray,
    counts: ndarray,
    highest: ndarray,
    lowest: ndarray,
) -> None:
    """One unit in one window in float64, leaving out and counting what is not finite."""
    top, low = -np.inf, np.inf
    for t in range(first, values.shape[0]):
        v = np.float64(values[t])
        if not np.isfinite(v):
            counts[3, f] += 1
            continue
        d = v - np.float64(shift)
        sums[0, f] += d
        sums[1, f] += d * d
        sums[2, f] += d * d * d
        sums[3, f] += d * d * d * d
        counts[0, f] += 1
        counts[1, f] += 1 if v > 0 else 0
        counts[2, f] += 1 if v > threshold else 0
        top = max(top, v)
        low = min(low, v)
    highest[f] = top
    lowest[f] = low


@njit(fastmath=FAST)
def reduce_block(
    words: ndarray,
    lift: int,
    lengths: ndarray,
    windows: ndarray,
    first: int,
    lo: int,
    width: int,
    shift: ndarray,
    threshold: np.float32,
    every: int,
    seed: np.uint64,
    sums: ndarray,
    counts: ndarray,
    histogram: ndarray,
    highest: ndarray,
    lowest: ndarray,
    acc: ndarray,
    wide: ndarray,
) -> None:
    """Units lo to lo + width of `take`; `acc` [8 · BLOCK] and `wide` [4 · BLOCK] are room."""
    for b in range(words.shape[0]):
        _clear(acc, wide)
        for begin in range(first, lengths[b], EXACT_FOR):
            end = min(begin + EXACT_FOR, lengths[b])
            t = begin
            while t + 4 <= end:
                _add_rows(words[b, t : t + 4], lift, lo, width, shift, threshold, acc)
                t += 4
            while t < end:
                _add_row(words[b, t], lift, lo, width, shift, threshold, acc)
                t += 1
            _widen(acc, wide)
        for t in range(first + phase(seed, windows[b], every), lengths[b], every):
            _bin(words[b, t], lift, lo, width, histogram)
        counted = lengths[b] - first
        fine = _flush(acc, wide, width, lo, counted, sums, counts, highest[b], lowest[b])
        if not fine:
            for f in range(lo, lo + width):
                if np.isnan(highest[b, f]):
                    column = words[b, : lengths[b], f].astype(np.uint32) << np.uint32(lift)
                    _count_carefully(
                        column.view(np.float32),
                        f, first, shift[f], threshold, sums, counts, highest[b], lowest[b],
                    )  # fmt: skip
