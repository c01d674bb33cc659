"""A chain of three neurons, each of which reads only the one before."""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.prompts import add_pairs_of_last
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Planted
from analysis.circuits.planted.wiring import Wiring


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("chain", seed, least_layers=3)
    cause, right, wrong, *others = wiring.content(8)
    one, two = wiring.room(2)
    effect = wiring.between(1.5, 3)
    first, second, third = wiring.layers("mlp", "mlp", "mlp")
    begin = wiring.neuron(first, {wiring.here(cause): 1}, {one: 1})
    middle = wiring.neuron(second, {one: 1}, {two: 1})
    end = wiring.neuron(third, {two: 1}, {wiring.out(right): effect})
    wiring.bias[wrong] = effect / 2
    add_pairs_of_last(wiring, cause, others, right, wrong)
    return finish(
        wiring,
        folder,
        positions=dict.fromkeys((begin, middle, end), (wiring.last,)),
        edges=[(EMBEDDING, begin), (begin, middle), (middle, end), (end, LOGITS)],
    )
