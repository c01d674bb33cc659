"""How much of what a node does it does directly, through each of the nodes that read it.

A link is asked for locally: the target is computed with what the source writes exchanged for that
on the other prompt, and all between them as it was, and its change is weighed by what the target's
change does to the metric. Nothing between the two has to run, and the target's own nonlinearity
(softmax of attention, gate, threshold) is exact.

The weight is the gradient at the target, corrected by as little as makes it agree with what
patching the target by itself does (Broyden 1965): of a head behind sharp attention, or a neuron
that saturates, the gradient alone is 0. All is done from both ends, taking the source away
from the clean run and adding it to the counterfactual one, and the mean is told: at one end alone,
one of two sources that each suffice looks idle.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jaxtyping import Float64
from numpy import ndarray

from analysis.circuits.hearing import EMBEDDING, LOGITS, End, Voice
from analysis.circuits.pairs import Sides
from analysis.circuits.places import Places, strongest
from analysis.circuits.units import Units
from analysis.models.tracing import Check

__all__ = [
    "EMBEDDING", "LOGITS", "Edge", "Way", "ends_of", "find_edges", "find_ways",
]  # fmt: skip

MOST_FROM: Final = 4
"""Positions of a source that are asked by themselves, …"""
MOST_WAYS: Final = 4
"""… and ways of a link that are told."""

Tell = Callable[[int, int], None]
Way = tuple[int, int, float]
"""From one position of the source, to one of the target, and the weight of that."""


@dataclass(frozen=True)
class Edge:
    source: int
    target: int
    weight: float
    """By how much the metric falls without this way; mean over pairs, positions summed."""
    ways: tuple[Way, ...] = ()
    """Of one pair, the strongest first."""
    exact: float | None = None
    """The same by path patching, where that was run."""


def find_edges(
    sides: Sequence[Sides],
    units: Units,
    numbers: Sequence[int],
    *,
    both: bool = True,
    check: Check | None = None,
    tell: Tell | None = None,
) -> tuple[list[Edge], dict[int, float]]:
    """All links between units of `numbers`, from the embedding to them, and to the logits; and by
    how much the metric falls without each of the units, run on the same pairs and ends. `both` ends
    need counterfactual values that are of a run."""
    found: dict[tuple[int, int], float] = {}
    numbers = sorted(numbers)
    whole = dict.fromkeys(numbers, 0.0)
    ends = ends_of(sides, both=both)
    n_runs = sum(one.n_pairs for one in sides) * (1 + both)
    voices = [Voice(EMBEDDING), *(Voice(number) for number in numbers)]
    for done, (one, sign) in enumerate(ends):
        end = End(one, units, numbers, voices, check)
        for voice, target, change in end.heard():
            link = (voice.source, target)
            found[link] = found.get(link, 0.0) + sign * float(change.sum()) / n_runs
        for number, effect in end.effects.items():
            whole[number] += sign * float(effect.sum()) / n_runs
        if tell is not None:
            tell(done + 1, len(ends))
    return [Edge(source, target, weight) for (source, target), weight in found.items()], whole


def find_ways(
    shown: Sides,
    units: Units,
    edges: Sequence[Edge],
    places: Mapping[int, Places],
    *,
    both: bool = True,
    check: Check | None = None,
) -> list[Edge]:
    """The same links with their ways on one pair: what the source writes is exchanged at one of
    its `places` alone. Ways from two places need not add up, where one masks the other."""
    if not edges:
        return []
    numbers = sorted({edge.target for edge in edges} - {LOGITS})
    voices = [
        Voice(source, at)
        for source in sorted({edge.source for edge in edges})
        for at, _ in places[source][:MOST_FROM]
    ]
    asked = {(edge.source, edge.target) for edge in edges}
    changes: dict[tuple[Voice, int], Float64[ndarray, " pos"]] = {}
    for one, sign in ends_of([shown], both=both):
        for voice, target, change in End(one, units, numbers, voices, check).heard():
            if (voice.source, target) in asked:
                way = (voice, target)
                changes[way] = changes.get(way, 0.0) + sign / (1 + both) * change
    found: dict[tuple[int, int], list[Way]] = defaultdict(list)
    for (voice, target), change in changes.items():
        if voice.at is not None:
            ways = [(voice.at, to, weight) for to, weight in enumerate(change.tolist())]
            found[voice.source, target] += ways
    return [
        replace(edge, ways=strongest(found[edge.source, edge.target], MOST_WAYS)) for edge in edges
    ]


def ends_of(sides: Sequence[Sides], *, both: bool) -> list[tuple[Sides, float]]:
    """With the sign that makes a weight of what the metric rises by."""
    clean = [(one, -1.0) for one in sides]
    return [*clean, *((one.swapped, 1.0) for one in sides)] if both else clean
