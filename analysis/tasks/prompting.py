"""Which of a task's pairs a circuit is found on, and which it is proved on.

Without torch: the worker that finds and proves and the page that asks for a proof now must mean the
same pairs by the same words.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.errors import TaskError
from analysis.tasks.splitting import split
from analysis.tasks.task import Pair, Task

VERSION: Final = "4"
"""Of how circuits are found."""
DIVIDED_ALIKE: Final = frozenset({"3", VERSION})
"""Versions that divided pairs as now; the others held out other pairs."""
MOST_FINDING: Final = 96
"""Pairs that a circuit is found on, drawn where there are more."""
MOST_HELD_OUT: Final = 24
N_SCORED: Final = 32
"""Of those for finding, so many are proved on."""
AT_ONCE: Final = 8
"""Pairs that go through the network together."""


@dataclass(frozen=True, eq=False)
class Prompted:
    """Pairs that a circuit is found on, and others that it is proved on; there may be none."""

    finding: tuple[Pair, ...]
    held_out: tuple[Pair, ...]
    why: str = ""
    """None are held out."""


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


def alike_in_length(pairs: Sequence[Pair]) -> Iterator[tuple[int, ...]]:
    """Numbers of pairs of one length, as many as are run together, shorter ones first."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        by_length[len(pair.clean.tokens)].append(number)
    for length in sorted(by_length):
        alike = by_length[length]
        for start in range(0, len(alike), AT_ONCE):
            yield tuple(alike[start : start + AT_ONCE])


def proved_on(finding: Sequence[Pair]) -> tuple[Pair, ...]:
    """Those of the pairs for finding that the search itself proves its circuit on: they come in a
    random order, so that the first stand for all."""
    return tuple(finding[:N_SCORED])


def _drawn(pairs: Sequence[Pair], most: int, seed: int) -> tuple[Pair, ...]:
    """At random where there are more, and in a random order: the first of them stand for all."""
    order = np.random.default_rng([seed, len(pairs)]).permutation(len(pairs))[:most]
    return tuple(pairs[number] for number in order.tolist())
