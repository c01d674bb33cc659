"""A previous-token head and an induction head: after A B … A comes B.

The first head writes at each token which one stood before; the second looks for the place that was
preceded by what stands here, and brings its token to the logits. Each prompt has two such pairs,
A B … E D … A. In half of the counterfactuals A and E have changed places, which only the first
head sees; in the others it is E that comes again, and another token follows A.
"""

from pathlib import Path

from analysis.circuits.planted.filling import finish
from analysis.circuits.planted.heads import FOUND, SINK
from analysis.circuits.planted.prompts import N_PAIRS, add_pair
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Planted
from analysis.circuits.planted.wiring import BOS, CONTENT, Wiring

SHARPEST = 4.0
"""Where attention is so sharp, no gradient comes back from it in float32."""


def make(folder: Path, seed: int) -> Planted:
    wiring = Wiring("induction", seed)
    before = wiring.room(len(CONTENT))
    here = range(wiring.here(CONTENT.start), wiring.here(CONTENT.stop))
    first, second = wiring.layers("attn", "attn")
    strength, effect = wiring.between(0.7, 1.5), wiring.between(1.5, 3)
    sharpness = wiring.between(1, SHARPEST)
    previous, head = wiring.head(first)
    head.look_back(wiring.positions)
    for source, target in zip(here, before, strict=True):
        head.bring(source, {target: strength})
    induction, head = wiring.head(second)
    head.match(here, before, sharpness * FOUND / strength)
    head.rest_at(wiring.here(BOS), sharpness * SINK)
    for token in CONTENT:
        head.bring(wiring.here(token), {wiring.out(token): effect})
    places = _pairs(wiring)
    return finish(
        wiring,
        folder,
        positions={previous: places, induction: (wiring.last,)},
        edges=[
            (EMBEDDING, previous),
            (previous, induction),
            (EMBEDDING, induction),
            (induction, LOGITS),
        ],
    )


def _pairs(wiring: Wiring) -> tuple[int, int]:
    """Writes the prompts; where the previous-token head matters in them."""
    one = 1 + wiring.below(wiring.length - 6)
    other = one + 2 + wiring.below(wiring.last - one - 3)
    for number in range(N_PAIRS):
        a, b, e, d, y = wiring.content(5)
        clean = {one: a, one + 1: b, other: e, other + 1: d, wiring.last: a}
        changed = {one: e, other: a} if number % 2 else {one + 1: y, wiring.last: e}
        add_pair(wiring, clean, changed, right=b, wrong=d)
    return one + 1, other + 1
