"""Subject-verb agreement: the verb's number is that of the subject, not of another noun.

Of three nouns the subject is the first, the second or the last. The other two are both of the other
number, or one of them is, each as often: so on clean prompts neither the number of the noun at any
one place, nor that of most of them, is the verb's more often than not. In the counterfactual the
subject has the other number; the others stay as they are.
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
    "The {subject} near the {one} behind the {other}",
    "She told us that the {subject} from the {one} beside the {other}",
    "Nobody was surprised that the {subject} of the {one} near the {other}",
    "Look, the {subject} between the {one} and the {other}",
    "When we saw the {one}, the {subject} near the {other}",
    "Next to the {one}, the {subject} behind the {other}",
    "As she had sold the {one}, the {subject} of the {other}",
    "Before he looked at the {one}, the {subject} with the {other}",
    "Behind the {one} and the {other}, the {subject}",
    "When we saw the {one} near the {other}, the {subject}",
    "Nobody who knows the {one} of the {other} says that the {subject}",
    "As she took the {one} from the {other}, the {subject}",
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
        subject, one, other = rng.sample(nouns, 3)
        plural = rng.randrange(2)
        differing = rng.choice(((True, True), (True, True), (True, False), (False, True)))
        beside = [
            noun[1 - plural if differs else plural]
            for noun, differs in zip((one, other), differing, strict=True)
        ]
        clean, counterfactual = (
            TEMPLATES[number].format(subject=subject[which], one=beside[0], other=beside[1])
            for which in (plural, 1 - plural)
        )
        yield Draft(
            clean=clean,
            counterfactual=counterfactual,
            right=[f" {verb[plural]}" for verb in verbs],
            wrong=[f" {verb[1 - plural]}" for verb in verbs],
            n_changed=1,
            template=f"agreement {number + 1}",
            words=(*subject, *beside),
        )
