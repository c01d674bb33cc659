"""`patchclamp bench circuits`: how well circuits are found, and what that costs.

First on planted circuits, whose truth is known; then on the demo's model and its tasks, where only
ablation can tell; then what scoring every unit costs in bare passes.
"""

from collections.abc import Iterator

from analysis.worker.bench import circuits_cost, circuits_planted, circuits_tasks
from app.bench.measurement import Measurement


def measure(quick: bool) -> Iterator[Measurement]:
    yield from circuits_planted.measure(quick)
    yield from circuits_tasks.measure(quick)
    yield from circuits_cost.measure(quick)
