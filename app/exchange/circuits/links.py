"""The links of an attribution graph, between the nodes that their names mean.

Names may be shared: the error of layer 3 at token 5 was long called `0_3_5`, which is also feature
3 of layer 0 there. Then a link goes to a node that it can go to (nothing leads to an error or an
embedding, nothing back to an earlier layer), and where several are left, the first link of two
names means the first two nodes, the second the next: so they are written. What has one link and
several nodes is a guess, and is counted.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final

import numpy as np

from analysis.protocol.circuits import MOST_LINKS, Link, Node
from app.exchange.circuits.document import Document
from app.exchange.circuits.node_list import Names
from app.exchange.circuits.nodes import LARGEST_NUMBER, LONGEST_ID
from app.exchange.faults import Where, shown
from app.exchange.fields import Fields

ENTRIES: Final = 3
SOURCES: Final = ("error", "embedding")
"""Kinds that nothing leads to."""
MOST_KNOWN: Final = 10_000
"""Pairs of shared names whose meanings are kept for their next link."""


@dataclass
class Counts:
    """What became of links that are not as one would wish."""

    dangling: int = 0
    example: str = ""
    """A name that no node has."""
    guessed: int = 0
    """Pairs of names that mean more pairs of nodes than there are links of them."""
    left_out: int = 0
    """Weaker ones of more than a graph holds."""
    with_more: int = 0
    """That had entries besides source, target and weight."""
    kept: int = 0

    def told(self) -> list[str]:
        """In sentences."""
        told = []
        if self.dangling:
            told.append(
                f"Links to or from nodes that the file does not have: {self.dangling:,}, such as "
                f"{shown(self.example)}; they are left out."
            )
        if self.guessed:
            told.append(
                "Pairs of ids that several nodes share, with fewer links than nodes: "
                f"{self.guessed:,}; which of the nodes a link means is a guess."
            )
        if self.left_out:
            told.append(
                f"Links beyond the strongest {self.kept:,}: {self.left_out:,}; they are left out."
            )
        if self.with_more:
            told.append(
                f"Links with entries besides source, target and weight: {self.with_more:,}; these "
                "are not kept."
            )
        return told


def take_links(
    document: Document, nodes: Sequence[Node], names: Names
) -> tuple[list[Link], Counts]:
    """The strongest, in the order of the file. FileFaultError: a link is none."""
    counts = Counts()
    sources, targets, weights = array("l"), array("l"), array("d")
    for source, target, weight in _resolved(document, nodes, names, counts):
        sources.append(source)
        targets.append(target)
        weights.append(weight)
    kept = np.argsort(-np.abs(np.asarray(weights, dtype=np.float64)), kind="stable")[:MOST_LINKS]
    counts.kept, counts.left_out = len(kept), len(weights) - len(kept)
    links = [
        Link(source=nodes[sources[n]].id, target=nodes[targets[n]].id, weight=weights[n])
        for n in np.sort(kept).tolist()
    ]
    return links, counts


def _resolved(
    document: Document, nodes: Sequence[Node], names: Names, counts: Counts
) -> Iterator[tuple[int, int, float]]:
    met: Counter[tuple[int, int]] = Counter()
    """Of names that mean several nodes, by the first of each."""
    meanings = Meanings(nodes)
    for number, item in enumerate(document.items("links"), start=1):
        source, target, weight = _plain(item) or _read(document.place("link", number), item)
        counts.with_more += len(item) > ENTRIES
        from_, to = names[source], names[target]
        if not from_ or not to:
            counts.dangling += 1
            counts.example = counts.example or (target if from_ else source)
            continue
        if len(from_) == len(to) == 1:
            yield from_[0], to[0], weight
            continue
        possible = meanings.of(from_, to)
        pair = from_[0], to[0]
        turn = met[pair] % len(possible)
        met[pair] += 1
        if len(possible) > 1:
            counts.guessed += {0: 1, len(possible) - 1: -1}.get(turn, 0)
        yield *possible[turn], weight


class Meanings:
    """Which nodes a link between shared names may connect. A file may have hundreds of thousands of
    links between the same two."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._leaves = [inf if node.kind == "logit" else node.layer for node in nodes]
        """The layer from which on a node can lead to others."""
        self._reached = [-inf if node.kind in SOURCES else node.layer for node in nodes]
        """The last layer whose nodes can lead to it."""
        self._known: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def of(self, sources: Sequence[int], targets: Sequence[int]) -> list[tuple[int, int]]:
        """All of them where none is possible."""
        pair = sources[0], targets[0]
        if pair not in self._known:
            if len(self._known) == MOST_KNOWN:
                self._known.clear()
            self._known[pair] = self._find(sources, targets)
        return self._known[pair]

    def _find(self, sources: Sequence[int], targets: Sequence[int]) -> list[tuple[int, int]]:
        reached = [(target, self._reached[target]) for target in targets]
        possible = [
            (source, target)
            for source in sources
            for target, last in reached
            if self._leaves[source] <= last and source != target
        ]
        return possible or [(source, target) for source in sources for target in targets]


def _plain(item: Any) -> tuple[str, str, float] | None:  # noqa: ANN401 - as JSON has it
    """A link as nearly all are, without a look at each field by itself: there may be a million."""
    if not isinstance(item, dict):
        return None
    source, target, weight = item.get("source"), item.get("target"), item.get("weight")
    if isinstance(source, str) and isinstance(target, str) and type(weight) is float:
        return (source, target, weight) if abs(weight) <= LARGEST_NUMBER else None
    return None


def _read(where: Where, item: Any) -> tuple[str, str, float]:  # noqa: ANN401 - as JSON has it
    fields = Fields(where, item)
    return (
        fields.text("source", longest=LONGEST_ID),
        fields.text("target", longest=LONGEST_ID),
        fields.number("weight", least=-LARGEST_NUMBER, most=LARGEST_NUMBER),
    )
