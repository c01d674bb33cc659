"""Traces and attention patterns: writing pools, ordering what is kept, the strongest sources."""

import numpy as np
from jaxtyping import Int16, UInt16, UInt32
from numba import njit, prange
from numpy import ndarray

from analysis.sweep.kernels.arguments import Batch, Held
from analysis.sweep.kernels.halves import copy_trace, rank
from analysis.sweep.kernels.reducing import BLOCK


@njit
def copy_chosen_of(
    f: int,
    batch: Batch,
    sources: Int16[ndarray, "unit slot"],
    held: Held,
    column: UInt32[ndarray, " pos"],
) -> None:
    """`copy_chosen` for unit f; `column` is room to work in."""
    for s in range(sources.shape[1]):
        b = sources[f, s]
        if b >= 0:
            trace = batch.words[b, :, f]
            copy_trace(trace, batch.lift, batch.lengths[b], column, held.traces[f, s])


@njit(parallel=True, cache=True)
def copy_chosen(batch: Batch, sources: Int16[ndarray, "unit slot"], held: Held) -> None:
    """Set the traces of the slots that took a window of the batch."""
    n_units = sources.shape[0]
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        column = np.empty(batch.words.shape[1], np.uint32)
        for f in range(block * BLOCK, min((block + 1) * BLOCK, n_units)):
            copy_chosen_of(f, batch, sources, held, column)


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
                height = rank(traces[f, s, t])
                if height > np.int32(-0x10000):
                    height *= np.int32(sign)
                if height > best:
                    best = height
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
