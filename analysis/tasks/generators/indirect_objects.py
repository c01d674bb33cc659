"""Indirect objects: two people, one of whom gives something; to whom?

The idea is of Wang et al. 2022, *Interpretability in the Wild*; sentences and words are ours. In
the counterfactual the other one of the two gives it, so that the answers change places.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from analysis.tasks.drafting import Draft, Drafts, fitting
from analysis.tasks.names import MEN, WOMEN
from analysis.tasks.reading import Reader

NAMES: Final = (*WOMEN, *MEN)
FEWEST: Final = 6
PLACES: Final = (
    "airport", "bakery", "bridge", "cinema", "farm", "garden", "harbour", "hospital", "library",
    "market", "museum", "office", "park", "school", "station", "theatre",
)  # fmt: skip
THINGS: Final = (
    "apple", "basket", "book", "bottle", "camera", "coat", "flower", "guitar", "hammer", "key",
    "lamp", "letter", "map", "pencil", "ring", "rope", "sandwich", "ticket",
)  # fmt: skip
TEMPLATES: Final = (
    "When {a} and {b} met at the {place}, {giver} gave the {thing} to",
    "While {a} and {b} were at the {place}, {giver} handed the {thing} to",
    "After {a} and {b} had left the {place}, {giver} sold the {thing} to",
    "Yesterday {a} and {b} went to the {place}, and {giver} showed the {thing} to",
    "Because {a} and {b} worked at the {place}, {giver} lent the {thing} to",
    "Once {a} and {b} came back from the {place}, {giver} passed the {thing} to",
    "Last week {a} and {b} waited near the {place} until {giver} brought the {thing} to",
    "On the way to the {place} with {a} and {b} in the car, {giver} offered the {thing} to",
    "Friends of {a} and {b} say that at the {place} {giver} returned the {thing} to",
    "It rained when {a} and {b} found the {place} closed, so {giver} threw the {thing} to",
)


def indirect_objects(reader: Reader, rng: Random) -> Drafts:
    names = fitting(reader, NAMES, FEWEST, "names")
    return Drafts(_draws(names.words, rng), len(names.words), names.n_left_out)


def _draws(names: Sequence[str], rng: Random) -> Iterator[Draft]:
    while True:
        number = rng.randrange(len(TEMPLATES))
        receiver, giver = rng.sample(names, 2)
        # Either may be named first, or the place in the sentence would give the answer away.
        a, b = rng.choice([(receiver, giver), (giver, receiver)])
        place, thing = rng.choice(PLACES), rng.choice(THINGS)
        clean, other = (
            TEMPLATES[number].format(a=a, b=b, giver=who, place=place, thing=thing)
            for who in (giver, receiver)
        )
        yield Draft(
            clean=clean,
            counterfactual=other,
            right=[f" {receiver}"],
            wrong=[f" {giver}"],
            n_changed=1,
            template=f"indirect object {number + 1}",
            words=(receiver, giver, place, thing),
        )
