"""The prompts of a planted model: content tokens at their places, fillers everywhere else."""

from collections.abc import Mapping, Sequence

from analysis.circuits.planted.truth import Pair
from analysis.circuits.planted.wiring import BOS, FILLER, Wiring

N_PAIRS = 6


def add_pair(
    wiring: Wiring, clean: Mapping[int, int], changed: Mapping[int, int], right: int, wrong: int
) -> None:
    """Two prompts by place and token, with the same fillers elsewhere; `changed` is what the
    counterfactual has instead."""
    filled = [BOS, *wiring.rng.choice(FILLER, wiring.length - 1).tolist()]
    one, other = (
        tuple(placed.get(place, filler) for place, filler in enumerate(filled))
        for placed in (clean, {**clean, **changed})
    )
    wiring.pairs.append(Pair(one, other, right, wrong))


def add_pairs_of_last(
    wiring: Wiring, cause: int, others: Sequence[int], right: int, wrong: int
) -> None:
    """Prompts that end with the cause, or else with one of the others."""
    for _ in range(N_PAIRS):
        other = wiring.one_of(others)
        add_pair(wiring, {wiring.last: cause}, {wiring.last: other}, right, wrong)


def add_pair_of_two(
    wiring: Wiring, clean: Mapping[int, int], others: Sequence[int], right: int, wrong: int
) -> None:
    """Of two tokens the counterfactual lacks both, the one or the other: pair by pair in turn."""
    places = list(clean)
    gone = (places, places[:1], places[1:])[len(wiring.pairs) % 3]
    add_pair(wiring, clean, {place: wiring.one_of(others) for place in gone}, right, wrong)
