"""A batch of windows taken in: reduced, chosen from and copied from, block of units by block.

One parallel region per batch and site: entering and leaving one costs more than most of what is
done inside, and a block is still in the cache when its traces are copied. Sites of a block or
less, such as heads, are done by the calling thread alone.
"""

import numpy as np
from jaxtyping import Float32, Int16
from numba import get_num_threads, njit, prange, set_num_threads
from numpy import ndarray

from analysis.sweep.kernels.arguments import (
    Batch,
    Counting,
    Extremes,
    Hashing,
    Held,
    Offer,
    Totals,
)
from analysis.sweep.kernels.choosing import choose, make_room
from analysis.sweep.kernels.reducing import BLOCK, reduce_block
from analysis.sweep.kernels.traces import copy_chosen_of


@njit(parallel=True, cache=True)
def _take(
    batch: Batch,
    counting: Counting,
    totals: Totals,
    hashing: Hashing,
    offer: Offer,
    edges: Float32[ndarray, "unit edge"],
    held: Held,
) -> tuple[Extremes, Int16[ndarray, "unit slot"]]:
    n_batch, _, n_units = batch.words.shape
    highest = np.empty((n_batch, n_units), np.float32)
    extremes = Extremes(highest, np.empty((n_batch, n_units), np.float32))
    sources = np.empty((n_units, held.peaks.shape[1]), np.int16)
    for block in prange((n_units + BLOCK - 1) // BLOCK):
        lo = block * BLOCK
        hi = min(lo + BLOCK, n_units)
        reduce_block(batch, counting, totals, lo, hi, extremes)
        room = make_room(edges.shape[1] + 1)
        for f in range(lo, hi):
            choose(f, extremes, batch.windows, hashing, offer, edges, held, sources, room)
        copy_chosen_of(lo, hi, batch, sources, held)
    return extremes, sources


def take(
    batch: Batch,
    counting: Counting,
    totals: Totals,
    hashing: Hashing,
    offer: Offer,
    edges: Float32[ndarray, "unit edge"],
    held: Held,
) -> tuple[Extremes, Int16[ndarray, "unit slot"]]:
    """Add a batch to totals and histogram, and let every slot take the windows that belong there.

    Returns the windows' extremes, and for every slot which window of the batch it took, or NONE.
    """
    n_threads = get_num_threads()
    if batch.words.shape[2] <= BLOCK:
        set_num_threads(1)
    try:
        taken: tuple[Extremes, Int16[ndarray, "unit slot"]] = _take(
            batch, counting, totals, hashing, offer, edges, held
        )
        return taken
    finally:
        set_num_threads(n_threads)
