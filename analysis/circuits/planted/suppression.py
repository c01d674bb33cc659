"""Copy suppression: a head that lowers the logit of a token that is already in the context.

A neuron at the end promotes a token. The head looks for the tokens that are promoted here, and
where one stands in the context, takes more from its logit than the neuron gave. In the
counterfactual the token is not there, and what stands at the end promotes it less: the head
answers to both.
"""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.heads import FOUND
from analysis.circuits.planted.prompts import N_PAIRS, add_pair
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Planted
from analysis.circuits.planted.wiring import BOS, CONTENT, Wiring

LESS = 0.6
"""How much of the promotion is left in the counterfactual."""
RESTS = 11.0
"""Between the scores of a token that is promoted fully (14) and less (8.4)."""


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("copy suppression", seed)
    strong, weak, promoted, right, *rest = wiring.content(8)
    effect = wiring.between(1.5, 2.5)
    first, second = wiring.layers("mlp", "attn")
    reads = {wiring.here(strong): 1, wiring.here(weak): LESS}
    promoter = wiring.neuron(first, reads, {wiring.out(promoted): effect})
    suppressor, head = wiring.head(second)
    logits = range(wiring.out(CONTENT.start), wiring.out(CONTENT.stop))
    here = range(wiring.here(CONTENT.start), wiring.here(CONTENT.stop))
    head.match(logits, here, FOUND / effect)
    head.rest_at(wiring.here(BOS), RESTS)
    for source, target in zip(here, logits, strict=True):
        head.bring(source, {target: -1.5 * effect})
    wiring.bias[right] = effect / 4
    for _ in range(N_PAIRS):
        place = 1 + wiring.below(wiring.last - 1)
        clean = {place: promoted, wiring.last: strong}
        other = {place: wiring.one_of(rest), wiring.last: weak}
        add_pair(wiring, clean, other, right, promoted)
    return finish(
        wiring,
        folder,
        positions=dict.fromkeys((promoter, suppressor), (wiring.last,)),
        edges=[
            (EMBEDDING, promoter),
            (EMBEDDING, suppressor),
            (promoter, suppressor),
            (promoter, LOGITS),
            (suppressor, LOGITS),
        ],
    )
