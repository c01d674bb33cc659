"""Sums, counts, extremes and histograms: one reading of a block of units in a batch.

Powers are summed about a shift in float32 for a few positions and in float64 beyond. What is not
finite is found in the sums, and its unit and window are then counted carefully.
"""

import numpy as np
from numba import njit
from numpy import ndarray

from analysis.sweep.hashing import phase
from analysis.sweep.histogram import BINS, FIRST_CODE
from analysis.sweep.kernels.arguments import Batch, Counting, Extremes, Totals
from analysis.sweep.kernels.halves import float_of

BLOCK = 256
"""Units per block: eight accumulators of a block stay in the first-level cache."""
GROUP = 64
"""Units whose histograms stay in the first-level cache."""
EXACT_FOR = 256
"""Positions whose powers may be summed in float32: so few lose no digit that matters."""
HALF = BINS // 2
# No `nnan` or `ninf`: activations may be NaN or infinite, and are counted apart.
FAST = {"contract", "reassoc", "nsz"}


@njit(forceinline=True, fastmath=FAST)
def _add_rows(
    row0: ndarray,
    row1: ndarray,
    row2: ndarray,
    row3: ndarray,
    lift: int,
    shift: ndarray,
    threshold: np.float32,
    acc: ndarray,
) -> None:
    """Add four positions [4, unit] of a block to its accumulators: what is read and written of
    these is a quarter of what it would be position by position."""
    one, none = np.float32(1), np.float32(0)
    for f in range(shift.shape[0]):
        s = shift[f]
        v0, v1 = float_of(row0[f], lift), float_of(row1[f], lift)
        v2, v3 = float_of(row2[f], lift), float_of(row3[f], lift)
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
    shift: ndarray,
    threshold: np.float32,
    acc: ndarray,
) -> None:
    """Add one position [unit]."""
    for f in range(shift.shape[0]):
        v = float_of(row[f], lift)
        d = v - shift[f]
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
def _bin(row: ndarray, lift: int, codes: ndarray, histogram: ndarray) -> None:
    """Count one position of a group; finding the bins by itself is a loop without branches."""
    for f in range(row.shape[0]):
        bits = np.int32(np.uint32(row[f]) << np.uint32(lift))
        magnitude = bits & np.int32(0x7FFFFFFF)
        code = (magnitude >> np.int32(21)) - np.int32(FIRST_CODE)
        code = min(max(code, np.int32(0)), np.int32(HALF - 1))
        code = np.int32(HALF) + code if bits >= 0 else np.int32(HALF - 1) - code
        codes[f] = code if magnitude < np.int32(0x7F800000) else np.int32(-1)
    for f in range(row.shape[0]):
        if codes[f] >= 0:
            histogram[f, np.uint64(codes[f])] += np.uint32(1)


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
    lo: int,
    width: int,
    counted: int,
    totals: Totals,
    extremes: Extremes,
    b: int,
) -> bool:
    """Bring one window's accumulators into the totals; False if any is not finite."""
    finite = True
    highest, lowest = extremes.highest[b], extremes.lowest[b]
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
            totals.sums[p, lo + f] += wide[p * BLOCK + f]
        totals.counts[0, lo + f] += counted
        totals.counts[1, lo + f] += np.int64(acc[6 * BLOCK + f])
        totals.counts[2, lo + f] += np.int64(acc[7 * BLOCK + f])
    return finite


@njit
def _count_carefully(
    batch: Batch, b: int, f: int, counting: Counting, totals: Totals, extremes: Extremes
) -> None:
    """One unit in one window in float64, leaving out and counting what is not finite."""
    column = batch.words[b, : batch.lengths[b], f].astype(np.uint32) << np.uint32(batch.lift)
    values, sums, counts = column.view(np.float32), totals.sums, totals.counts
    top, low = -np.inf, np.inf
    for t in range(counting.first, values.shape[0]):
        v = np.float64(values[t])
        if not np.isfinite(v):
            counts[3, f] += 1
            continue
        d = v - np.float64(totals.shift[f])
        sums[0, f] += d
        sums[1, f] += d * d
        sums[2, f] += d * d * d
        sums[3, f] += d * d * d * d
        counts[0, f] += 1
        counts[1, f] += 1 if v > 0 else 0
        counts[2, f] += 1 if v > np.float32(counting.threshold) else 0
        top = max(top, v)
        low = min(low, v)
    extremes.highest[b, f] = top
    extremes.lowest[b, f] = low


@njit(fastmath=FAST)
def reduce_block(
    batch: Batch, counting: Counting, totals: Totals, lo: int, hi: int, extremes: Extremes
) -> None:
    """Add units lo to hi of a batch to the totals, and set their windows' extremes."""
    words, lengths, windows = batch.words, batch.lengths, batch.windows
    lift = 32 - np.iinfo(words.dtype).bits  # known to the compiler, as batch.lift is not
    first, every, seed = counting.first, counting.histogram_every, np.uint64(counting.seed)
    threshold, width = np.float32(counting.threshold), hi - lo
    acc, wide = np.empty(8 * BLOCK, np.float32), np.empty(4 * BLOCK, np.float64)
    codes, shift = np.empty(GROUP, np.int32), totals.shift[lo:hi]
    for b in range(words.shape[0]):
        _clear(acc, wide)
        for begin in range(first, lengths[b], EXACT_FOR):
            end = min(begin + EXACT_FOR, lengths[b])
            t = begin
            while t + 4 <= end:
                _add_rows(
                    words[b, t, lo:hi], words[b, t + 1, lo:hi], words[b, t + 2, lo:hi],
                    words[b, t + 3, lo:hi], lift, shift, threshold, acc,
                )  # fmt: skip
                t += 4
            while t < end:
                _add_row(words[b, t, lo:hi], lift, shift, threshold, acc)
                t += 1
            _widen(acc, wide)
        binned_from = first + phase(seed, windows[b], every)
        for group in range(lo, hi, GROUP):
            end = min(group + GROUP, hi)
            histogram = totals.histogram[group:end]
            for t in range(binned_from, lengths[b], every):
                _bin(words[b, t, group:end], lift, codes, histogram)
        if not _flush(acc, wide, lo, width, lengths[b] - first, totals, extremes, b):
            for f in range(lo, hi):
                if np.isnan(extremes.highest[b, f]):
                    _count_carefully(batch, b, f, counting, totals, extremes)
