"""Which of a task's pairs a circuit is found on, and which it is proved on."""

from collections.abc import Sequence

import numpy as np

from analysis.circuits.finding import MOST_FINDING, MOST_HELD_OUT, Prompted
from analysis.errors import TaskError
from analysis.tasks.splitting import split
from analysis.tasks.task import Pair, Task


def prompted(task: Task, *, seed: int) -> Prompted:
    """Held out by word and template, where that can be; else all pairs are for finding."""
    try:
        parts = split(task, seed=seed)
    except TaskError as error:
        return Prompted(_drawn(task.pairs, MOST_FINDING, seed), (), why=str(error))
    return Prompted(
        _drawn([task.pairs[number] for number in parts.finding], MOST_FINDING, seed),
        _drawn([task.pairs[number] for number in parts.held_out], MOST_HELD_OUT, seed),
    )


def _drawn(pairs: Sequence[Pair], most: int, seed: int) -> tuple[Pair, ...]:
    """At random where there are more, and in a random order: the first of them stand for all."""
    order = np.random.default_rng([seed, len(pairs)]).permutation(len(pairs))[:most]
    return tuple(pairs[number] for number in order.tolist())
