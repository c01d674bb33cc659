"""A neuron behind which the circuit is saturated: half of what it gives would do as well.

Two neurons read it, and what the second one takes away from a threshold on is what the first adds,
so together they are min(x, threshold). The clean prompts lie beyond it. There the gradient is
nothing, up to rounding, though without the first neuron all is lost.
"""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.prompts import add_pairs_of_last
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Planted
from analysis.circuits.planted.wiring import Wiring

AMOUNT, THRESHOLD = 2.0, 1.0


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("saturation", seed)
    cause, right, wrong, *others = wiring.content(8)
    (amount,) = wiring.room(1)
    effect = wiring.between(1.5, 3)
    first, _ = wiring.layers("mlp", "mlp")
    source = wiring.neuron(first, {wiring.here(cause): 1}, {amount: AMOUNT})
    below, above = wiring.saturating(first, amount, THRESHOLD, {wiring.out(right): effect})
    wiring.bias[wrong] = effect / 2
    add_pairs_of_last(wiring, cause, others, right, wrong)
    return finish(
        wiring,
        folder,
        positions=dict.fromkeys((source, below, above), (wiring.last,)),
        edges=[
            (EMBEDDING, source),
            (source, below),
            (source, above),
            (below, LOGITS),
            (above, LOGITS),
        ],
    )
