"""A negative path that cancels part of a positive one: one neuron drives two that disagree.

Without the negative one the model does better. It lowers the right logit, or raises the wrong one.
"""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.prompts import add_pairs_of_last
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Planted
from analysis.circuits.planted.wiring import Wiring


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("cancelling", seed)
    cause, right, wrong, *others = wiring.content(8)
    (shared,) = wiring.room(1)
    effect = wiring.between(2, 3)
    against = effect * wiring.between(0.3, 0.5)
    first, layer = wiring.layers("mlp", "mlp")
    other_layer = first + 1 + wiring.below(wiring.n_layers - first - 1)
    source = wiring.neuron(first, {wiring.here(cause): 1}, {shared: 1})
    helping = wiring.neuron(layer, {shared: 1}, {wiring.out(right): effect})
    lowers = {wiring.out(right): -against} if wiring.below(2) else {wiring.out(wrong): against}
    opposing = wiring.neuron(other_layer, {shared: 1}, lowers)
    wiring.bias[wrong] = (effect - against) / 2
    add_pairs_of_last(wiring, cause, others, right, wrong)
    return finish(
        wiring,
        folder,
        positions=dict.fromkeys((source, helping, opposing), (wiring.last,)),
        edges=[
            (EMBEDDING, source),
            (source, helping),
            (source, opposing),
            (helping, LOGITS),
            (opposing, LOGITS),
        ],
    )
