"""Gender pronouns: a name, and the pronoun that takes it up again.

In the counterfactual the name is of the other gender and ends with the same letter, so that no
letter tells: most names in -a are women's, most in -d are men's. Which names go with which pronoun
is what texts in English mostly do, and says nothing of people.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from analysis.tasks.drafting import Draft, Drafts, enough, fitting
from analysis.tasks.names import MEN, WOMEN
from analysis.tasks.reading import Reader

FEWEST: Final = 4
HE_AND_SHE: Final = ("he", "she")
QUALITIES: Final = (
    "brave", "careful", "clever", "fast", "friendly", "funny", "gentle", "honest", "kind", "modest",
    "patient", "polite", "quiet", "strong", "tall", "wise",
)  # fmt: skip
WORK: Final = (
    "baker", "cook", "dancer", "doctor", "driver", "farmer", "judge", "lawyer", "painter", "pilot",
    "singer", "teacher", "writer",
)  # fmt: skip
TEMPLATES: Final = (
    "Everyone knows that {name} is a {quality} {work}, isn't",
    "People like {name} because",
    "We asked {name} the {quality} {work} whether",
    "Our neighbour {name} is {quality}, and last year",
    "Nobody had told {name} the {work} that",
    "The {quality} {work} {name} was tired, so",
    "My friend {name} works as a {work}, and",
    "The {work} called {name} smiled when",
    "I have known {name} for years, and I think that",
    "Yesterday {name} was late for work as a {work} because",
    "They say {name} became a {work} after",
    "In the morning {name} felt {quality}, but in the evening",
)


def pronouns(reader: Reader, rng: Random) -> Drafts:
    fitting(reader, HE_AND_SHE, len(HE_AND_SHE), "pronouns")
    women = fitting(reader, WOMEN, FEWEST, "women's names")
    men = fitting(reader, MEN, FEWEST, "men's names")
    alike = [(woman, man) for woman in women.words for man in men.words if woman[-1] == man[-1]]
    offered = sum(woman[-1] == man[-1] for woman in WOMEN for man in MEN)
    enough(alike, offered, FEWEST, "pairs of a woman's and a man's name with one last letter")
    return Drafts(
        _draws(alike, rng),
        len(women.words) + len(men.words),
        women.n_left_out + men.n_left_out,
    )


def _draws(alike: Sequence[tuple[str, str]], rng: Random) -> Iterator[Draft]:
    while True:
        number = rng.randrange(len(TEMPLATES))
        values = {"quality": rng.choice(QUALITIES), "work": rng.choice(WORK)}
        who = list(zip(rng.choice(alike), (" she", " he"), strict=True))
        rng.shuffle(who)
        clean, other = (TEMPLATES[number].format(name=name, **values) for name, _ in who)
        used = [value for slot, value in values.items() if f"{{{slot}}}" in TEMPLATES[number]]
        yield Draft(
            clean=clean,
            counterfactual=other,
            right=[who[0][1]],
            wrong=[who[1][1]],
            n_changed=1,
            template=f"pronoun {number + 1}",
            words=(who[0][0], who[1][0], *used),
        )
