"""Sum of two features: two neurons, each of which adds to one logit, and neither is enough.

One reads the last token; the other one that stands a fixed way before, which a head brings. In the
counterfactuals both tokens are others, or the one is, or the other.
"""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.prompts import N_PAIRS, add_pair_of_two
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Planted
from analysis.circuits.planted.wiring import Wiring

FARTHEST = 3


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("sum of two", seed)
    near, far, right, wrong, *rest = wiring.content(8)
    (brought,) = wiring.room(1)
    back = 1 + wiring.below(FARTHEST)
    scale = wiring.between(1.2, 2.4)
    raise_right = [{wiring.out(right): scale * wiring.between(1, 1.3)} for _ in range(2)]
    wiring.bias[wrong] = 1.6 * scale
    first, second = wiring.layers("attn", "mlp")
    mover, head = wiring.head(first)
    head.look_back(wiring.positions, back)
    head.bring(wiring.here(far), {brought: 1})
    of_far = wiring.neuron(second, {brought: 1}, raise_right[0])
    of_near = wiring.neuron(wiring.below(wiring.n_layers), {wiring.here(near): 1}, raise_right[1])
    for _ in range(N_PAIRS):
        clean = {wiring.last - back: far, wiring.last: near}
        add_pair_of_two(wiring, clean, rest, right, wrong)
    return finish(
        wiring,
        folder,
        positions=dict.fromkeys((mover, of_far, of_near), (wiring.last,)),
        edges=[
            (EMBEDDING, mover),
            (mover, of_far),
            (EMBEDDING, of_near),
            (of_far, LOGITS),
            (of_near, LOGITS),
        ],
    )
