"""The sweep's inner loops, compiled: one reading of a layer's activations for all that is kept.

Why not torch: each of the dozen reductions would be a pass of its own over memory, and together
they take several times as long as one reading that does them all.

Activations come as bits, so that one loop serves float32 (uint32, `lift` 0) and bfloat16 (uint16,
`lift` 16: shifted so far they are a float32). Traces are kept as float16; an array that already
holds float16 says so by `lift` HALF_ALREADY. Positions before `first` are never counted.
"""

from analysis.sweep.kernels.choosing import EMPTY, LAST_KEY, NONE, choose_all
from analysis.sweep.kernels.halves import HALF_ALREADY, NOTHING
from analysis.sweep.kernels.taking import take
from analysis.sweep.kernels.traces import (
    copy_chosen,
    gather_traces,
    peak_positions,
    store_half,
    strongest_sources,
)

__all__ = [
    "EMPTY",
    "HALF_ALREADY",
    "LAST_KEY",
    "NONE",
    "NOTHING",
    "choose_all",
    "copy_chosen",
    "gather_traces",
    "peak_positions",
    "store_half",
    "strongest_sources",
    "take",
]
