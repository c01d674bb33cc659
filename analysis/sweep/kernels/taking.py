"""A batch of windows taken in: reduced and offered to every slot, block of units by block.

One parallel region per batch and site: entering and leaving one costs more than most of what is
done inside, and a block is still in the cache when its windows are offered. Sites of a block or
less, such as heads, are done by the calling thread alone.
"""

import numpy as np
from numba import get_num_threads, njit, prange, set_num_threads
from numpy import ndarray

from analysis.sweep.kernels.offering import offer
from analysis.sweep.kernels.reducing import BLOCK, reduce_block


@njit(parallel=True, cache=True)
def _take(
    words: ndarray,
    lift: int,
    lengths: ndarray,
    windows: ndarray,
    first: int,
    threshold: np.float32,
    every: int,
    seed: np.uint64,
    interval_seed: np.uint64,
    first_unit: np.uint64,
    bottom_from: int,
    intervals_from: int,
    random_from: int,
    n_slots: int,
    per_interval: int,
    shift: ndarray,
    sums: ndarray,
    counts: ndarray,
    histogram: ndarray,
    highest: ndarray,
    lowest: ndarray,
    edges: ndarray,
    interval_counts: ndarray,
    slot_peaks: ndarray,
    slot_windows: ndarray,
    slot_keys: ndarray,
    slot_traces: ndarray,
) -> None:
    n_units = words.shape[2]
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        lo = block * BLOCK
        width = min(BLOCK, n_units - lo)
        acc, wide = np.empty(8 * BLOCK, np.float32), np.empty(4 * BLOCK, np.float64)
        reduce_block(
            words, lift, lengths, windows, first, lo, width, shift, threshold, every, seed,
            sums, counts, histogram, highest, lowest, acc, wide,
        )  # fmt: skip
        room = np.empty(words.shape[1], np.uint32)
        for f in range(lo, lo + width):
            offer(
                bottom_from, intervals_from, random_from, n_slots, per_interval,
                seed, interval_seed, first_unit + np.uint64(f), f, highest, lowest, edges[f],
                words, lift, lengths, windows, interval_counts[f],
                slot_peaks[f], slot_windows[f], slot_keys[f], slot_traces[f], room,
            )  # fmt: skip


def take(words: ndarray, *rest: object) -> None:
    """Add a batch [batch, pos, unit] to sums [4, unit] of powers of (a − shift), counts [4, unit]
    (counted, above 0, above threshold, not finite) and histogram [unit, 128]; set highest and
    lowest [batch, unit]; offer its windows to the slots [unit, slot] of extremes, of intervals and
    of the uniform sample, whose places `bottom_from`, `intervals_from`, `random_from` and `n_slots`
    say. `per_interval` is 0 while the edges [unit, intervals − 1] are not known.
    """
    n_threads = get_num_threads()
    if words.shape[2] <= BLOCK:
        set_num_threads(1)
    try:
        _take(words, *rest)
    finally:
        set_num_threads(n_threads)
