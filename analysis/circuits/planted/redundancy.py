"""Either of two tokens is enough, and both are there: two heads, each the other's backup.

What they bring is added, and counts up to a threshold that each of them reaches alone (`saturation`
says how). To ablate one of the heads costs nothing; to ablate both costs everything.
"""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.prompts import N_PAIRS, add_pair
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Planted
from analysis.circuits.planted.wiring import BOS, Wiring

THRESHOLD = 0.9
"""Of what each brings."""


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("either of two", seed)
    one, other, right, wrong, *rest = wiring.content(8)
    (amount,) = wiring.room(1)
    effect = wiring.between(1.5, 3)
    heads = []
    last = 0
    for token in (one, other):
        layer, _ = wiring.layers("attn", "mlp")
        node, head = wiring.head(layer)
        head.look_for(wiring.here(token))
        head.rest_at(wiring.here(BOS))
        head.bring(wiring.here(token), {amount: 1})
        heads.append(node)
        last = max(last, layer)
    readers = wiring.saturating(last - 1, amount, THRESHOLD, {wiring.out(right): effect})
    wiring.bias[wrong] = effect / 2
    for _ in range(N_PAIRS):
        places = wiring.rng.permutation(range(1, wiring.length))[:2].tolist()
        clean = dict(zip(places, (one, other), strict=True))
        add_pair(wiring, clean, {place: wiring.one_of(rest) for place in places}, right, wrong)
    first, second = heads
    return finish(
        wiring,
        folder,
        positions=dict.fromkeys((*heads, *readers), (wiring.last,)),
        edges=[
            *((EMBEDDING, head) for head in heads),
            *((head, reader) for head in heads for reader in readers),
            *((reader, LOGITS) for reader in readers),
        ],
        backups={first: second, second: first},
        hidden=[(EMBEDDING, head) for head in heads],
    )
