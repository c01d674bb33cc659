"""Subject-verb agreement: the verb's number is that of the subject, not of the noun before it.

In the counterfactual the subject has the other number; the noun between stays as it is.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from analysis.tasks.drafting import Draft, Drafts, enough
from analysis.tasks.reading import Reader

FEWEST: Final = 4
NOUNS: Final = (
    ("actor", "actors"), ("author", "authors"), ("bird", "birds"), ("boat", "boats"),
    ("book", "books"), ("boy", "boys"), ("car", "cars"), ("cat", "cats"), ("chair", "chairs"),
    ("child", "children"), ("cup", "cups"), ("doctor", "doctors"), ("dog", "dogs"),
    ("farmer", "farmers"), ("flower", "flowers"), ("friend", "friends"), ("girl", "girls"),
    ("horse", "horses"), ("house", "houses"), ("key", "keys"), ("lamp", "lamps"),
    ("letter", "letters"), ("machine", "machines"), ("man", "men"), ("neighbor", "neighbors"),
    ("painting", "paintings"), ("picture", "pictures"), ("road", "roads"), ("shirt", "shirts"),
    ("student", "students"), ("table", "tables"), ("teacher", "teachers"), ("tree", "trees"),
    ("window", "windows"), ("woman", "women"), ("writer", "writers"),
)  # fmt: skip
VERBS: Final = (("is", "are"), ("was", "were"), ("has", "have"))
TEMPLATES: Final = (
    "The {subject} behind the {between}",
    "The {subject} near the {between}",
    "The {subject} next to the {between}",
    "As far as we know, the {subject} beside the {between}",
    "It is a pity that the {subject} with the {between}",
    "In this story the {subject} of the {between}",
    "Nobody was surprised that the {subject} from the {between}",
    "Look, the {subject} in front of the {between}",
    "She told us that the {subject} close to the {between}",
    "On Sunday the {subject} across from the {between}",
)


def agreement(reader: Reader, rng: Random) -> Drafts:
    nouns = [noun for noun in NOUNS if all(map(reader.is_one_token, noun))]
    verbs = [verb for verb in VERBS if all(map(reader.is_one_token, verb))]
    enough(verbs, len(VERBS), 1, "verbs, with singular and plural,")
    enough(nouns, len(NOUNS), FEWEST, "nouns, with singular and plural,")
    return Drafts(_draws(nouns, verbs, rng), len(nouns), len(NOUNS) - len(nouns))


def _draws(
    nouns: Sequence[tuple[str, str]], verbs: Sequence[tuple[str, str]], rng: Random
) -> Iterator[Draft]:
    while True:
        number = rng.randrange(len(TEMPLATES))
        subject, between = rng.sample(nouns, 2)
        plural = rng.randrange(2)
        nearby = rng.choice(between)
        clean, other = (
            TEMPLATES[number].format(subject=subject[which], between=nearby)
            for which in (plural, 1 - plural)
        )
        yield Draft(
            clean=clean,
            counterfactual=other,
            right=[f" {verb[plural]}" for verb in verbs],
            wrong=[f" {verb[1 - plural]}" for verb in verbs],
            n_changed=1,
            template=f"agreement {number + 1}",
            words=(*subject, nearby),
        )
