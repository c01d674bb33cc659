"""What is true of a planted model: nodes, edges and positions of its circuit, and its prompts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from analysis.records import Site


@dataclass(frozen=True, order=True)
class Node:
    """One neuron or head, by site and index; or one of the two ends of every circuit."""

    site: str
    index: int = 0


EMBEDDING = Node("embedding")
"""What the first layer is given: tokens and positions."""
LOGITS = Node("logits")

Edge = tuple[Node, Node]
"""From what writes to what reads."""


@dataclass(frozen=True)
class Pair:
    """Two prompts of one length; metric: logit of `right` minus logit of `wrong` at the end."""

    clean: tuple[int, ...]
    """Here the metric is above 0."""
    counterfactual: tuple[int, ...]
    """Here it is below 0."""
    right: int
    wrong: int


@dataclass(frozen=True)
class Planted:
    """A model folder, its prompts, and the whole truth about how it does them.

    By ablation from the counterfactual, node by node, every node that is not in `positions` has no
    effect on the metric; nor have those that are, at other positions.
    """

    kind: str
    seed: int
    folder: Path
    sites: tuple[Site, ...]
    """In the order of computation."""
    pairs: tuple[Pair, ...]
    positions: Mapping[Node, tuple[int, ...]]
    """The circuit: its nodes, backups included, and where in the prompts each of them acts."""
    edges: frozenset[Edge]
    """Between nodes of the circuit, from the embedding, and to the logits."""
    backups: Mapping[Node, Node]
    """What takes over, by the node whose ablation makes it: until then it has no effect."""
    hidden: frozenset[Edge]
    """Those of the edges that carry nothing until then, either."""
    distractors: frozenset[Node]
    """More active than most of the circuit, other in the counterfactual, and of no effect."""

    @property
    def causal(self) -> frozenset[Node]:
        """The nodes that have an effect each by itself."""
        return frozenset(self.positions.keys() - self.backups.keys())

    def nodes(self) -> list[Node]:
        """Every neuron and head of the model, in the order of computation."""
        return [Node(site.name, unit) for site in self.sites for unit in range(site.n_units)]

    def candidates(self) -> Iterator[Edge]:
        """Every edge that the model could have."""
        layers = [[Node(site.name, unit) for unit in range(site.n_units)] for site in self.sites]
        stages = [[EMBEDDING], *layers, [LOGITS]]
        for number, sources in enumerate(stages):
            for targets in stages[number + 1 :]:
                yield from product(sources, targets)


Make = Callable[[Path, int], Planted]
"""Writes a model into the folder; another seed, another wiring."""
