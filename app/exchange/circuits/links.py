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
from math import isfinite
from typing import Any, Final

import numpy as np

from analysis.protocol.circuits import MOST_LINKS, Link, Node
from app.exchange.circuits.document import Document
from app.exchange.circuits.node_list import Names
from app.exchange.circuits.nodes import LONGEST_ID
from app.exchange.faults import Where, shown
from app.exchange.fields import Fields

ENTRIES: Final = 3
SOURCES: Final = ("error", "embedding")
"""Kinds that nothing leads to."""


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
        possible = _meanings(nodes, from_, to)
        pair = from_[0], to[0]
        turn = met[pair] % len(possible)
        met[pair] += 1
        if len(possible) > 1:
            counts.guessed += {0: 1, len(possible) - 1: -1}.get(turn, 0)
        yield *possible[turn], weight


def _meanings(
    nodes: Sequence[Node], sources: Sequence[int], targets: Sequence[int]
) -> list[tuple[int, int]]:
    """Which nodes a link of these may connect; all of them where none is possible."""
    every = [(source, target) for source in sources for target in targets]
    possible = [
        (source, target)
        for source, target in every
        if source != target
        and nodes[target].kind not in SOURCES
        and nodes[source].kind != "logit"
        and nodes[source].layer <= nodes[target].layer
    ]
    return possible or every


def _plain(item: Any) -> tuple[str, str, float] | None:  # noqa: ANN401 - as JSON has it
    """A link as nearly all are, without a look at each field by itself: there may be a million."""
    if not isinstance(item, dict):
        return None
    source, target, weight = item.get("source"), item.get("target"), item.get("weight")
    if isinstance(source, str) and isinstance(target, str) and type(weight) is float:
        return (source, target, weight) if isfinite(weight) else None
    return None


def _read(where: Where, item: Any) -> tuple[str, str, float]:  # noqa: ANN401 - as JSON has it
    fields = Fields(where, item)
    return (
        fields.text("source", longest=LONGEST_ID),
        fields.text("target", longest=LONGEST_ID),
        fields.number("weight"),
    )
