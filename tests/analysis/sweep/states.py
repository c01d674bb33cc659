"""Small states for the tests: any activations, cut into windows and shards at will."""

from collections.abc import Iterable

import numpy as np

from analysis.sweep import kernels
from analysis.sweep.kernels.arguments import Batch, Counting
from analysis.sweep.layout import Kept
from analysis.sweep.state import SiteState

KEPT = Kept(top=3, bottom=2, per_interval=1, random=2)
COUNTING = Counting(first=1, threshold=1.0, histogram_every=1, seed=7)
EDGES = np.array([-0.5, 0.0, 0.5, 1.5], np.float32)


def batch(activations, numbers: Iterable[int], lengths=None) -> Batch:
    """float32 activations [window, pos, unit] as a batch."""
    words = np.ascontiguousarray(activations, np.float32).view(np.uint32)
    numbers = np.array(list(numbers), np.uint32)
    if lengths is None:
        lengths = np.full(len(numbers), words.shape[1])
    return Batch(words, 0, np.asarray(lengths, np.int64), numbers)


def empty(n_units: int, n_pos: int, *, kept: Kept = KEPT, counting: Counting = COUNTING):
    state = SiteState.empty(n_units, n_pos, kept=kept, counting=counting, first_unit=0)
    state.edges = np.tile(EDGES, (n_units, 1))
    return state


def counted(activations, shards, **settings) -> SiteState:
    """A state that has counted these shards (number to window numbers) of the activations."""
    state = empty(activations.shape[2], activations.shape[1], **settings)
    for number, windows in shards.items():
        state.begin(number)
        if len(windows):
            state.take(batch(activations[list(windows)], windows))
        state.end()
    return state


def held(state: SiteState) -> list[set[int]]:
    """The windows in every unit's slots, whatever their order."""
    return [set(row.tolist()) - {int(kernels.EMPTY)} for row in state.slots.windows]
