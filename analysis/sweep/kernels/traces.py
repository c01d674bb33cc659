"""Traces and attention patterns: writing pools, ordering what is kept, the strongest sources."""

import numpy as np
from jaxtyping import Float32, Int16, UInt16
from numba import njit, prange
from numpy import ndarray

from analysis.sweep.kernels.arguments import Batch, Held
from analysis.sweep.kernels.halves import copy_trace, rank
from analysis.sweep.kernels.reducing import BLOCK


@njit
def copy_chosen_of(
    lo: int, hi: int, batch: Batch, sources: Int16[ndarray, "unit slot"], held: Held
) -> None:
    """`copy_chosen` for units lo to hi, window by window: neighbours are read from the same lines
    of the cache."""
    n_batch, n_pos, _ = batch.words.shape
    most = (hi - lo) * sources.shape[1]
    units, slots = np.empty(most, np.int32), np.empty(most, np.int16)
    before, last = np.empty(most, np.int32), np.full(n_batch, -1, np.int32)
    column, n = np.empty(n_pos, np.uint32), 0
    for f in range(hi - 1, lo - 1, -1):
        for s in range(sources.shape[1]):
            b = sources[f, s]
            if b >= 0:
                units[n], slots[n], before[n], last[b] = f, s, last[b], n
                n += 1
    for b in range(n_batch):
        at = last[b]
        while at >= 0:
            f, s = units[at], slots[at]
            copy_trace(
                batch.words[b, :, f], batch.lift, batch.lengths[b], column, held.traces[f, s]
            )
            at = before[at]


@njit(parallel=True, cache=True)
def copy_chosen(batch: Batch, sources: Int16[ndarray, "unit slot"], held: Held) -> None:
    """Set the traces of the slots that took a window of the batch."""
    n_units = sources.shape[0]
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        lo = block * BLOCK
        copy_chosen_of(lo, min(lo + BLOCK, n_units), batch, sources, held)


@njit(parallel=True, cache=True)
def store_half(batch: Batch, at: int, pool: UInt16[ndarray, "unit window pos"]) -> None:
    """Write a batch as float16 to a pool, from its window `at` on."""
    n_batch, _, n_units = batch.words.shape
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        column = np.empty(batch.words.shape[1], np.uint32)
        for b in range(n_batch):
            for f in range(block * BLOCK, min((block + 1) * BLOCK, n_units)):
                trace, into = batch.words[b, :, f], pool[f, at + b]
                copy_trace(trace, batch.lift, batch.lengths[b], column, into)


@njit(parallel=True, cache=True, nogil=True)
def peak_positions(traces: ndarray, first: int, start: int, end: int, sign: int) -> ndarray:
    """The earliest position, from `first` on, of the highest sign · activation in every slot from
    start to end: [unit, end - start]; 0 where the slot is empty."""
    n_units, _, n_pos = traces.shape
    positions = np.zeros((n_units, end - start), np.uint16)
    for f in prange(n_units):
        for s in range(start, end):
            best = np.int32(-0x10000)
            for t in range(first, n_pos):
                height = rank(traces[f, s, t])
                if height > np.int32(-0x10000):
                    height *= np.int32(sign)
                if height > best:
                    best = height
                    positions[f, s - start] = t
    return positions


@njit(parallel=True, cache=True, nogil=True)
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
def strongest_sources(
    pattern: Float32[ndarray, "pattern pos source"], n_sources: int
) -> tuple[UInt16[ndarray, "pattern pos kept"], Float32[ndarray, "pattern pos kept"]]:
    """Where the strongest sources of every position stand, and how strong they are; equal ones in
    the order of their position, 0 where there are no more. Takes them out of `pattern`."""
    n, n_pos, n_from = pattern.shape
    bits = pattern.view(np.int32)  # of numbers from 0 on; they rise as the numbers do
    places = np.zeros((n, n_pos, n_sources), np.uint16)
    weights = np.zeros((n, n_pos, n_sources), np.float32)
    for row in prange(n * n_pos):
        one, t = row // n_pos, row % n_pos
        weighed = bits[one, t]
        for at in range(n_sources):
            best = np.int64(0)
            for source in range(n_from):  # a maximum, which the compiler vectorises
                best = max(best, (np.int64(weighed[source]) << 32) | np.int64(n_from - source))
            place = n_from - (best & np.int64(0xFFFFFFFF))
            if best >> 32 <= 0:
                break
            places[one, t, at], weights[one, t, at] = place, pattern[one, t, place]
            weighed[place] = 0
    return places, weights
