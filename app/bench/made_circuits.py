"""Made-up circuits: a graph of any size, for pages, tests and measurements.

Plausible in shape, not in what it says: most effects are small, a few large, most of them late in
the prompt; links lead upwards. Equal arguments make equal circuits.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from analysis.protocol.circuits import (
    Agreement,
    Circuit,
    Graph,
    Group,
    Link,
    LinkAgreement,
    Node,
    ToldBackup,
)
from analysis.protocol.edits import UnitRef

WORDS: Final = (
    "When", " Mary", " and", " John", " went", " to", " the", " store", ",", " John", " gave",
    " a", " drink", " to",
)  # fmt: skip
LOGITS: Final = (" Mary", " John")
Place = tuple[int, float]


def make_circuit(
    *,
    nodes: int = 300,
    links: int = 3000,
    layers: int = 12,
    neurons: int = 64,
    heads: int = 4,
    words: Sequence[str] = WORDS,
    seed: int = 0,
) -> Circuit:
    """`nodes` counts neurons and heads; embeddings, logits and what is left of each layer come on
    top. Of at least two layers and words; not more nodes than units."""
    generator = np.random.default_rng(seed)
    chosen = _choose(generator, nodes, layers, neurons, heads)
    drawn = [_node(generator, unit, len(words)) for unit in chosen]
    drawn.sort(key=lambda node: -abs(node.effect or 0.0))
    around = _around(generator, layers, words)
    every = [*around, *drawn]
    return Circuit(
        graph=Graph(
            prompt="".join(words), tokens=tuple(words), n_layers=layers, nodes=tuple(every),
            links=tuple(_links(generator, every, links)),
        ),
        method="both_ends", ablation="resample", n_pairs=16, n_units=layers * (neurons + heads),
        ranking=tuple((node.unit, abs(node.effect or 0.0)) for node in drawn if node.unit),
        agreement=Agreement(r=0.96, r_top=0.94, r_random=0.99, n_top=120, n_random=120, seed=0),
        link_agreement=LinkAgreement(
            r=0.93, r_top=0.91, r_random=0.99, n_top=24, n_random=24, seed=0, off=0.08,
            n_asked=links, accounted=0.62, n_accounted=12,
        ),
        backups=_backups(drawn),
        warnings=("mlp.1/7 is taken over by mlp.2/9 when it is ablated: see what both do.",),
    )  # fmt: skip


def make_imported(*, features: int = 40, words: Sequence[str] = WORDS, seed: int = 0) -> Circuit:
    """A graph made elsewhere: features of transcoders with their errors, no units, no proof."""
    generator = np.random.default_rng(seed)
    nodes = [
        Node(
            id=f"E_{at}_{word}", kind="embedding", layer=-1, position=at, label=word, influence=0.1
        )
        for at, word in enumerate(words)
    ]
    for number in range(features):
        layer, at = int(generator.integers(0, 4)), int(generator.integers(1, len(words)))
        error = number % 5 == 4
        nodes.append(
            Node(
                id=f"{layer}_{number}_{at}", kind="error" if error else "feature", layer=layer,
                position=at, label="" if error else f"feature {number}",
                influence=float(generator.gamma(0.6, 0.2)), activation=float(generator.gamma(2, 2)),
                extra={"clerp": f"feature {number}"},
            )
        )  # fmt: skip
    nodes += [
        Node(id=f"27_{k}_{len(words) - 1}", kind="logit", layer=4, position=len(words) - 1,
             label=word, token=k, probability=0.6 / (k + 1))
        for k, word in enumerate(LOGITS)
    ]  # fmt: skip
    graph = Graph(
        prompt="".join(words), tokens=tuple(words), n_layers=4, nodes=tuple(nodes),
        links=tuple(_links(generator, nodes, 4 * features)),
    )  # fmt: skip
    first = [node.id for node in nodes if node.kind == "feature"][:4]
    group = Group(label="as in the file", nodes=tuple(first[:3]))
    return Circuit(graph=graph, pinned=(first[3],), groups=(group,))


def _choose(
    generator: np.random.Generator, nodes: int, layers: int, neurons: int, heads: int
) -> list[UnitRef]:
    n_heads = min(layers * heads, max(1, nodes // 5))
    n_neurons = min(layers * neurons, nodes - n_heads)
    found = []
    for kind, n, width in (("attn", n_heads, heads), ("mlp", n_neurons, neurons)):
        picked = np.sort(generator.choice(layers * width, n, replace=False)).tolist()
        found += [UnitRef(site=f"{kind}.{at // width}", index=at % width) for at in picked]
    return found


def _node(generator: np.random.Generator, unit: UnitRef, n_words: int) -> Node:
    size = float(min(2.0, generator.pareto(1.6) * 0.02 + 0.002))
    effect = size if generator.random() < 0.75 else -size
    last = n_words - 1
    spots = np.unique(np.append(generator.integers(1, n_words, 2), last if size > 0.02 else 1))
    shares = generator.dirichlet(np.ones(len(spots)))
    places = [(int(at), effect * float(s)) for at, s in zip(spots, shares, strict=True)]
    summed = generator.random() < 0.7
    strongest = max(places, key=lambda place: abs(place[1]))
    kind, layer = unit.site.split(".")
    flags = ("disagrees",) if generator.random() < 0.03 else ()
    return Node(
        id=f"{unit.site}/{unit.index}" + ("" if summed else f"@{strongest[0]}"),
        kind="neuron" if kind == "mlp" else "head",
        layer=int(layer),
        position=None if summed else strongest[0],
        unit=unit,
        effect=effect,
        exact=effect * float(generator.normal(1, 0.08)) if size > 0.02 else None,
        doubt=size * float(generator.uniform(0.02, 0.4)),
        places=tuple(places) if summed else (),
        activation=float(generator.normal(0, 2)),
        flags=flags,
    )


def _around(generator: np.random.Generator, layers: int, words: Sequence[str]) -> list[Node]:
    """The embedding, what is left of each layer, the output: as they are found."""
    last = len(words) - 1
    changed = sorted({min(at, last) for at in (1, 3, 9)})
    embedding = Node(
        id="embedding", kind="embedding", layer=-1, label="embedding",
        places=tuple((at, float(generator.normal(0, 0.3))) for at in changed),
    )  # fmt: skip
    rest = [
        Node(id=f"rest.{layer}", kind="rest", layer=layer, position=last,
             label=f"everything else in layer {layer}", exact=float(generator.normal(0, 0.1)))
        for layer in range(layers)
    ]  # fmt: skip
    output = Node(
        id="logits", kind="logit", layer=layers, position=last, label="Mary, not John", token=1,
        effect=9.0,
    )  # fmt: skip
    return [embedding, *rest, output]


def _links(generator: np.random.Generator, nodes: Sequence[Node], n: int) -> list[Link]:
    """Upwards, each pair once, most of them between strong nodes."""
    if len(nodes) < 2 or n == 0:
        return []
    layers = np.array([node.layer for node in nodes])
    weights = np.array([math.sqrt(abs(node.effect or 0.05)) + 0.02 for node in nodes])
    weights /= weights.sum()
    pairs: dict[tuple[int, int], float] = {}
    for _ in range(20):
        ends = generator.choice(len(nodes), (2 * n, 2), p=weights)
        for a, b in ends[layers[ends[:, 0]] != layers[ends[:, 1]]].tolist():
            pair = (a, b) if layers[a] < layers[b] else (b, a)
            pairs.setdefault(pair, float(generator.normal(0, 0.05) * (1 + generator.pareto(2))))
            if len(pairs) == n:
                break
        if len(pairs) == n:
            break
    return [
        Link(
            source=nodes[a].id,
            target=nodes[b].id,
            weight=weight,
            ways=_ways(nodes[a], nodes[b], weight),
            exact=1.1 * weight if place % 4 == 0 else None,
        )
        for place, ((a, b), weight) in enumerate(pairs.items())
    ]


def _backups(nodes: Sequence[Node]) -> tuple[ToldBackup, ...]:
    """Of the strongest: one that is confirmed, one that is not, and one that was not run."""
    units = [node.unit for node in nodes if node.unit is not None][:4]
    told = ((0.8, 0.7, True), (0.6, 0.01, False), (0.4, None, None))
    return tuple(
        ToldBackup(ablated=one, backup=other, estimated=estimated, exact=exact, confirmed=confirmed)
        for (one, other), (estimated, exact, confirmed) in zip(pairwise(units), told, strict=False)
    )


def _ways(source: Node, target: Node, weight: float) -> tuple[tuple[int, int, float], ...]:
    """From where the source acts to the target's last place, which none comes behind."""
    begins, ends = _places(source), _places(target)
    to = max(at for at, _ in ends)
    total = sum(abs(value) for _, value in begins)
    ways = [(at, to, weight * abs(value) / total) for at, value in begins if at <= to]
    return tuple(sorted(ways, key=lambda way: -abs(way[2])))


def _places(node: Node) -> Sequence[Place]:
    return node.places or [(node.position or 0, 1.0)]
