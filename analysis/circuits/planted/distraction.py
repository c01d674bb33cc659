"""A distractor path that is active but not causal, beside a circuit of two neurons.

One neuron reads the token that decides, as the circuit does, and fires more; a second one, behind
it, moves the logits of both tokens of the metric by the same, and that of a filler. A head finds a
token that the counterfactual changes, too, and what it writes nobody of the circuit reads.
"""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.prompts import N_PAIRS, add_pair
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Planted
from analysis.circuits.planted.wiring import BOS, FILLER, Wiring

LOUD = (4.0, 6.0)
"""The circuit's own neurons have a gain of at most 2."""


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("distractor", seed)
    cause, marker, right, wrong, *others = wiring.content(8)
    between, aside, unread = wiring.room(3)
    effect = wiring.between(1.5, 3)
    first, second = wiring.layers("mlp", "mlp")
    begin = wiring.neuron(first, {wiring.here(cause): 1}, {between: 1})
    end = wiring.neuron(second, {between: 1}, {wiring.out(right): effect})
    wiring.bias[wrong] = effect / 2
    first, second = wiring.layers("mlp", "mlp")
    loud = wiring.neuron(first, {wiring.here(cause): 1}, {aside: 1}, gain=wiring.between(*LOUD))
    common = dict.fromkeys((wiring.out(right), wiring.out(wrong), wiring.out(FILLER[0])), 1.0)
    louder = wiring.neuron(second, {aside: 1}, common, gain=wiring.between(*LOUD))
    finder, head = wiring.head(wiring.below(wiring.n_layers))
    head.look_for(wiring.here(marker))
    head.rest_at(wiring.here(BOS))
    head.bring(wiring.here(marker), {unread: wiring.between(*LOUD)})
    for _ in range(N_PAIRS):
        place = 1 + wiring.below(wiring.last - 1)
        one, other = wiring.one_of(others), wiring.one_of(others)
        clean, changed = {place: marker, wiring.last: cause}, {place: one, wiring.last: other}
        add_pair(wiring, clean, changed, right, wrong)
    return finish(
        wiring,
        folder,
        positions=dict.fromkeys((begin, end), (wiring.last,)),
        edges=[(EMBEDDING, begin), (begin, end), (end, LOGITS)],
        distractors=[loud, louder, finder],
    )
