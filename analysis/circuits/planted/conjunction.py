"""Token AND: a neuron that fires when two tokens are both there.

Heads find the tokens and bring word of them to the end: one head each, or a single one that looks
evenly at all. In the counterfactuals both are missing, or the one, or the other.
"""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.prompts import N_PAIRS, add_pair_of_two
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Node, Planted
from analysis.circuits.planted.wiring import BOS, Wiring


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("token AND", seed)
    one, other, right, wrong, *rest = wiring.content(8)
    found = wiring.room(2)
    heads, layer = _heads(wiring, {one: found[0], other: found[1]})
    effect = wiring.between(1.5, 3)
    both = wiring.both(layer, found[0], found[1], {wiring.out(right): effect})
    wiring.bias[wrong] = effect / 2
    for _ in range(N_PAIRS):
        places = wiring.rng.permutation(range(1, wiring.length))[:2].tolist()
        clean = dict(zip(places, (one, other), strict=True))
        add_pair_of_two(wiring, clean, rest, right, wrong)
    return finish(
        wiring,
        folder,
        positions=dict.fromkeys([*heads, both], (wiring.last,)),
        edges=[
            *((EMBEDDING, head) for head in heads),
            *((head, both) for head in heads),
            (both, LOGITS),
        ],
    )


def _heads(wiring: Wiring, found: dict[int, int]) -> tuple[list[Node], int]:
    """What brings each token to its dimension, and a layer for the neuron behind."""
    if wiring.below(2):
        first, layer = wiring.layers("attn", "mlp")
        node, head = wiring.head(first)
        for token, dimension in found.items():
            head.bring(wiring.here(token), {dimension: wiring.length})
        return [node], layer
    nodes = []
    *_, layer = choice = wiring.layers("attn", "mlp")
    for token, dimension in found.items():
        node, head = wiring.head(wiring.below(choice[0] + 1))
        head.look_for(wiring.here(token))
        head.rest_at(wiring.here(BOS))
        head.bring(wiring.here(token), {dimension: 1})
        nodes.append(node)
    return nodes, layer
