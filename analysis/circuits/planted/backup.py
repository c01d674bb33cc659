"""A backup that takes over when the first is ablated: two neurons, or two heads.

The first says that it has acted, and the backup, which reads the same token, then keeps still. So
to ablate the first costs less than it gives, and to ablate the backup costs nothing; to ablate
both costs everything.
"""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.heads import FOUND
from analysis.circuits.planted.prompts import N_PAIRS, add_pair, add_pairs_of_last
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Node, Planted
from analysis.circuits.planted.wiring import BOS, Wiring


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("backup", seed)
    cause, right, wrong, *others = wiring.content(8)
    effect = wiring.between(1.5, 3)
    plant = _heads if wiring.below(2) else _neurons
    first, backup = plant(wiring, cause, wiring.out(right), effect)
    wiring.bias[wrong] = 0.4 * effect
    if plant is _neurons:
        add_pairs_of_last(wiring, cause, others, right, wrong)
    else:
        for _ in range(N_PAIRS):
            place = 1 + wiring.below(wiring.last)
            other = wiring.one_of(others)
            add_pair(wiring, {place: cause}, {place: other}, right, wrong)
    return finish(
        wiring,
        folder,
        positions=dict.fromkeys((first, backup), (wiring.last,)),
        edges=[
            (EMBEDDING, first),
            (first, LOGITS),
            (first, backup),
            (EMBEDDING, backup),
            (backup, LOGITS),
        ],
        backups={backup: first},
        hidden=[(EMBEDDING, backup), (backup, LOGITS)],
    )


def _neurons(wiring: Wiring, cause: int, out: int, effect: float) -> tuple[Node, Node]:
    (acted,) = wiring.room(1)
    layers = wiring.layers("mlp", "mlp")
    first = wiring.neuron(layers[0], {wiring.here(cause): 1}, {out: effect, acted: 1})
    share = wiring.between(0.55, 0.75)
    reads = {wiring.here(cause): 1, acted: -1.5}
    return first, wiring.neuron(layers[1], reads, {out: share * effect})


def _heads(wiring: Wiring, cause: int, out: int, effect: float) -> tuple[Node, Node]:
    (acted,) = wiring.room(1)
    layers = wiring.layers("attn", "attn")
    share = wiring.between(0.55, 0.75)
    nodes = []
    for layer, unless, writes in (
        (layers[0], {}, {out: effect, acted: 1}),
        (layers[1], {acted: 2 * FOUND}, {out: share * effect}),
    ):
        node, head = wiring.head(layer)
        head.look_for(wiring.here(cause), unless=unless)
        head.rest_at(wiring.here(BOS))
        head.bring(wiring.here(cause), writes)
        nodes.append(node)
    return nodes[0], nodes[1]
