"""The sweep's inner loops, compiled: one reading of a layer's activations for all reductions.

`reduce_*` reads every activation once and leaves per window the extremes and, over the batch, sums
of powers, counts and the histogram. `offer_*` shows each window to each unit's slots and copies
the trace of those that get in. All run over blocks of units in parallel. Why not torch: each of
the dozen reductions would be a pass of its own over memory; on SmolLM2-135M in bfloat16 they took a
quarter of the forward pass, fused they take a twentieth.

Activations come as bits, so that one loop serves float32 (uint32, `lift` 0) and bfloat16 (uint16,
`lift` 16: shifted so far they are a float32). Traces are kept as float16; an array that already
holds float16 says so by `lift` HALF_ALREADY. Positions before `first` are never counted.
"""

import numpy as np
from numba import njit, prange
from numpy import ndarray

from analysis.sweep.hashing import phase, window_key
from analysis.sweep.histogram import BINS, FIRST_CODE

BLOCK = 256
"""Units per block: eight accumulators of a block stay in the first-level cache."""
EXACT_FOR = 256
"""Positions whose powers may be summed in float32: so few lose no digit that matters."""
HALF = BINS // 2
EMPTY = np.uint32(0xFFFFFFFF)
HALF_ALREADY = -1
NOTHING = np.uint16(0xFFFF)
"""NaN in float16: what stands past the end of a window."""
LAST_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)
# No `nnan` or `ninf`: activations may be NaN or infinite, and are counted apart.
FAST = {"contract", "reassoc", "nsz"}


@njit(inline="always")
def _value(word: int, lift: int) -> np.float32:
    """The float32 of these bits."""
    return np.uint32(np.uint32(word) << np.uint32(lift)).view(np.float32)


@njit(inline="always", fastmath=FAST)
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
        v0, v1 = _value(rows[0, lo + f], lift), _value(rows[1, lo + f], lift)
        v2, v3 = _value(rows[2, lo + f], lift), _value(rows[3, lo + f], lift)
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


@njit(inline="always", fastmath=FAST)
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
        v = _value(row[lo + f], lift)
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


@njit(inline="always")
def _bin(row: ndarray, lift: int, lo: int, width: int, histogram: ndarray) -> None:
    for f in range(lo, lo + width):
        bits = np.int32(np.uint32(row[f]) << np.uint32(lift))
        magnitude = bits & np.int32(0x7FFFFFFF)
        if magnitude >= np.int32(0x7F800000):
            continue
        code = (magnitude >> np.int32(21)) - np.int32(FIRST_CODE)
        code = min(max(code, np.int32(0)), np.int32(HALF - 1))
        histogram[f, HALF + code if bits >= 0 else HALF - 1 - code] += np.uint32(1)


@njit(inline="always")
def _clear(acc: ndarray, wide: ndarray) -> None:
    acc[:] = np.float32(0)
    for f in range(BLOCK):
        acc[4 * BLOCK + f] = -np.inf
        acc[5 * BLOCK + f] = np.inf
    wide[:] = 0.0


@njit(inline="always")
def _widen(acc: ndarray, wide: ndarray) -> None:
    """Move the float32 sums of powers into float64, before they lose digits."""
    for i in range(4 * BLOCK):
        wide[i] += np.float64(acc[i])
        acc[i] = np.float32(0)


@njit(inline="always")
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


@njit(inline="always")
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


@njit(parallel=True, fastmath=FAST, cache=True)
def reduce(
    words: ndarray,
    lift: int,
    lengths: ndarray,
    windows: ndarray,
    first: int,
    shift: ndarray,
    threshold: np.float32,
    every: int,
    seed: np.uint64,
    sums: ndarray,
    counts: ndarray,
    histogram: ndarray,
    highest: ndarray,
    lowest: ndarray,
) -> None:
    """Add a batch [batch, pos, unit] to sums [4, unit] of powers of (a − shift), counts [4, unit]
    (counted, above 0, above threshold, not finite) and histogram [unit, 128]; set highest and
    lowest [batch, unit]."""
    n_batch, _, n_units = words.shape
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        lo = block * BLOCK
        width = min(BLOCK, n_units - lo)
        acc, wide = np.empty(8 * BLOCK, np.float32), np.empty(4 * BLOCK, np.float64)
        for b in range(n_batch):
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


@njit(inline="always")
def half_bits(bits: np.uint32) -> np.uint16:
    """The bits of a float32 rounded to the nearest float16; what is too large becomes 65504."""
    sign = (bits >> np.uint32(16)) & np.uint32(0x8000)
    magnitude = bits & np.uint32(0x7FFFFFFF)
    if magnitude > np.uint32(0x7F800000):
        half = np.uint32(0x7E00)
    elif magnitude == np.uint32(0x7F800000):
        half = np.uint32(0x7C00)
    elif magnitude >= np.uint32(0x477FF000):
        half = np.uint32(0x7BFF)
    elif magnitude >= np.uint32(0x38800000):
        odd = (magnitude >> np.uint32(13)) & np.uint32(1)
        half = (magnitude - np.uint32(0x38000000) + np.uint32(0xFFF) + odd) >> np.uint32(13)
    elif magnitude < np.uint32(0x33000000):
        half = np.uint32(0)
    else:
        drop = np.uint32(126) - (magnitude >> np.uint32(23))
        mantissa = (magnitude & np.uint32(0x7FFFFF)) | np.uint32(0x800000)
        half = mantissa >> drop
        rest = mantissa & ((np.uint32(1) << drop) - np.uint32(1))
        middle = np.uint32(1) << (drop - np.uint32(1))
        if rest > middle or (rest == middle and (half & np.uint32(1)) == np.uint32(1)):
            half += np.uint32(1)
    return np.uint16(sign | half)


@njit(inline="always")
def _worst_extreme(peaks: ndarray, windows: ndarray, start: int, end: int, sign: np.float32) -> int:
    worst = start
    for s in range(start + 1, end):
        a, b = sign * peaks[s], sign * peaks[worst]
        if a < b or (a == b and windows[s] > windows[worst]):
            worst = s
    return worst


@njit(inline="always")
def _largest_key(keys: ndarray, start: int, end: int) -> int:
    worst = start
    for s in range(start + 1, end):
        if keys[s] > keys[worst]:
            worst = s
    return worst


@njit(inline="always")
def _take(
    slot: int,
    window: np.uint32,
    peak: np.float32,
    trace: ndarray,
    lift: int,
    length: int,
    peaks: ndarray,
    kept: ndarray,
    into: ndarray,
) -> None:
    """Let a window into a slot, over whatever was there; past its end the trace is NaN."""
    peaks[slot] = peak
    kept[slot] = window
    for t in range(length):
        if lift == HALF_ALREADY:
            into[slot, t] = np.uint16(trace[t])
        else:
            into[slot, t] = half_bits(np.uint32(trace[t]) << np.uint32(lift))
    for t in range(length, into.shape[1]):
        into[slot, t] = NOTHING


@njit(inline="always")
def _interval_of(high: np.float32, edges: ndarray) -> int:
    at = 0
    while at < edges.shape[0] and high > edges[at]:
        at += 1
    return at


@njit(inline="always")
def _enters(
    peak: np.float32, window: np.uint32, worst: np.float32, held: np.uint32, sign: np.float32
) -> bool:
    return bool(sign * peak > sign * worst or (peak == worst and window < held))


@njit(parallel=True, cache=True)
def offer_extremes(
    extremes: ndarray,
    sign: np.float32,
    start: int,
    end: int,
    words: ndarray,
    lift: int,
    lengths: ndarray,
    windows: ndarray,
    slot_peaks: ndarray,
    slot_windows: ndarray,
    slot_traces: ndarray,
) -> None:
    """Keep in slots start to end of every unit the windows of highest sign · extreme.

    `extremes` [batch, unit] are the windows' maxima (sign 1) or minima (sign −1), `words` their
    activations [batch, pos, unit]. Ties go to the smaller window number.
    """
    n_batch, n_units = extremes.shape
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        for f in range(block * BLOCK, min((block + 1) * BLOCK, n_units)):
            peaks, kept = slot_peaks[f], slot_windows[f]
            worst = _worst_extreme(peaks, kept, start, end, sign)
            for b in range(n_batch):
                peak, w = extremes[b, f], windows[b]
                if np.isfinite(peak) and _enters(peak, w, peaks[worst], kept[worst], sign):
                    trace = words[b, :, f]
                    _take(worst, w, peak, trace, lift, lengths[b], peaks, kept, slot_traces[f])
                    worst = _worst_extreme(peaks, kept, start, end, sign)


@njit(parallel=True, cache=True)
def offer_random(
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
    """Keep in each interval's slots the windows of smallest hash: a uniform sample of it.

    `edges` [unit, intervals − 1] cut the range of the window maximum; with none of them there is
    one interval and the sample is uniform over all windows.
    """
    n_batch, n_units = highest.shape
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        for f in range(block * BLOCK, min((block + 1) * BLOCK, n_units)):
            peaks, kept, keys = slot_peaks[f], slot_windows[f], slot_keys[f]
            for b in range(n_batch):
                high, w = highest[b, f], windows[b]
                if not np.isfinite(high):
                    continue
                at = _interval_of(high, edges[f])
                interval_counts[f, at] += 1
                key = window_key(seed, w, first_unit + np.uint64(f))
                slot = _largest_key(
                    keys, start + at * per_interval, start + (at + 1) * per_interval
                )
                if key < keys[slot]:
                    keys[slot] = key
                    trace = words[b, :, f]
                    _take(slot, w, high, trace, lift, lengths[b], peaks, kept, slot_traces[f])


@njit(parallel=True, cache=True)
def store_half(words: ndarray, lift: int, lengths: ndarray, at: int, pool: ndarray) -> None:
    """Write a batch [batch, pos, unit] as float16 to pool [unit, window, pos] from `at` on."""
    n_batch, _, n_units = words.shape
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        for b in range(n_batch):
            for f in range(block * BLOCK, min((block + 1) * BLOCK, n_units)):
                for t in range(lengths[b]):
                    pool[f, at + b, t] = half_bits(np.uint32(words[b, t, f]) << np.uint32(lift))
                for t in range(lengths[b], pool.shape[2]):
                    pool[f, at + b, t] = NOTHING


@njit(inline="always")
def _rank(half: np.uint16) -> np.int32:
    """An integer that rises with the float16 of these bits; lowest for NaN."""
    magnitude = np.int32(half & np.uint16(0x7FFF))
    if magnitude > np.int32(0x7C00):
        return np.int32(-0x10000)
    return magnitude if half < np.uint16(0x8000) else -magnitude


@njit(parallel=True, cache=True)
def peak_positions(traces: ndarray, first: int, start: int, end: int, sign: int) -> ndarray:
    """The earliest position, from `first` on, of the highest sign · activation in every slot from
    start to end: [unit, end - start]; 0 where the slot is empty."""
    n_units, _, n_pos = traces.shape
    positions = np.zeros((n_units, end - start), np.uint16)
    for f in prange(n_units):
        for s in range(start, end):
            best = np.int32(-0x10000)
            for t in range(first, n_pos):
                rank = _rank(traces[f, s, t])
                if rank > np.int32(-0x10000):
                    rank *= np.int32(sign)
                if rank > best:
                    best = rank
                    positions[f, s - start] = t
    return positions


@njit(parallel=True, cache=True)
def gather_traces(one: ndarray, other: ndarray, order: ndarray) -> ndarray:
    """Traces [unit, slot, pos] of `one` and then `other`, in the order given for every unit."""
    n_units, n_slots, n_pos = one.shape
    gathered = np.empty((n_units, order.shape[1], n_pos), np.uint16)
    for f in prange(n_units):
        for s in range(order.shape[1]):
            place = order[f, s]
            if place < n_slots:
                gathered[f, s] = one[f, place]
            else:
                gathered[f, s] = other[f, place - n_slots]
    return gathered


@njit(parallel=True, cache=True)
def strongest_sources(pattern: ndarray, n_sources: int) -> tuple[ndarray, ndarray]:
    """Of attention [pattern, pos, source]: where the strongest sources of every position stand,
    and how strong they are; equal ones in the order of their position."""
    n, n_pos, n_from = pattern.shape
    places = np.zeros((n * n_pos, n_sources), np.uint16)
    weights = np.zeros((n * n_pos, n_sources), np.float32)
    for row in prange(n * n_pos):
        weighed, held, placed = pattern[row // n_pos, row % n_pos], weights[row], places[row]
        least = np.float32(0)
        for source in range(n_from):
            weight = weighed[source]
            if weight <= least:
                continue
            at = n_sources - 1
            while at > 0 and weight > held[at - 1]:
                held[at] = held[at - 1]
                placed[at] = placed[at - 1]
                at -= 1
            held[at] = weight
            placed[at] = source
            least = held[n_sources - 1]
    shape = (n, n_pos, n_sources)
    return places.reshape(shape), weights.reshape(shape)
