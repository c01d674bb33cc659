"""Greater than: what began in one year ends in a later one.

The idea is of Hanna et al. 2023, *How does GPT-2 compute greater-than?*; sentences and words are
ours. Tokenizers write years in one token, two, or digit by digit, so the prompt ends where the next
token decides, and every number is read to see which token it begins with: a token is right if all
numbers that begin with it are greater, wrong if none is, and left out if it does not decide. In the
counterfactual another year is the first one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from analysis.errors import AnalysisError, TaskError
from analysis.tasks.drafting import IMPORT, Draft, Drafts
from analysis.tasks.reading import Reader

CENTURIES: Final = (11, 12, 13, 14, 15, 16, 17, 18)
FIRST: Final = 12
"""Year of the century that something begins in at the earliest: with some tens below it."""
LAST: Final = 87
FARTHEST: Final = 25
"""Years at least between the clean beginning and that of the counterfactual."""
EVENTS: Final = (
    "alliance", "battle", "building of the bridge", "campaign", "conflict", "construction",
    "crisis", "drought", "exile", "expedition", "famine", "feud", "journey", "marriage",
    "occupation", "partnership", "plague", "project", "rebellion", "reign", "research", "siege",
    "strike", "truce", "voyage", "war",
)  # fmt: skip
SENTENCES: Final = (
    "The {event} lasted from the year {began} to the year",
    "We read that the {event} went on from the year {began} until the year",
    "The {event} began in the year {began} and came to its end in the year",
    "According to this book, the {event} took from the year {began} to the year",
    "Historians agree: the {event} started in the year {began} and was over in the year",
)


@dataclass(frozen=True)
class Form:
    """A way to write years such that one token tells which is later."""

    year: str
    """Of the century and the number."""
    before: str
    """How much of the second year the prompt has."""
    number: str
    """What goes on from there."""

    def prompt(self, sentence: str, event: str, century: int, number: int) -> str:
        began = self.year.format(century=century, number=number)
        return sentence.format(event=event, began=began) + self.before.format(century=century)


FORMS: Final = (
    Form("{century}{number:02}", " {century}", "{number:02}"),
    Form("{century}{number:02}", "", " {century}{number:02}"),
    Form("'{number:02}", " '", "{number:02}"),
)

Tokens = dict[str, frozenset[int]]
"""The numbers that begin with each token, by the token's text."""


def greater_than(reader: Reader, rng: Random) -> Drafts:
    for form in FORMS:
        by_century = {century: _tokens(reader, form, century) for century in CENTURIES}
        usable = {century: found for century, found in by_century.items() if _decides(found)}
        if usable:
            n_left_out = sum(len(found) for found in by_century.values()) - sum(
                len(found) for found in usable.values()
            )
            n_words = sum(len(found) for found in usable.values())
            return Drafts(_draws(form, usable, rng), n_words, n_left_out)
    raise TaskError(
        "this model's tokenizer writes no year so that one token tells which of two is later",
        hint=IMPORT,
    )


def _tokens(reader: Reader, form: Form, century: int) -> Tokens:
    """What may follow, as it is read behind one sentence; those that are read otherwise behind
    another are refused there."""
    prompt = form.prompt(SENTENCES[0], EVENTS[-1], century, FIRST)
    found: dict[str, set[int]] = defaultdict(set)
    for number in range(100):
        try:
            text = _begins(reader, prompt, form.number.format(century=century, number=number))
        except AnalysisError:
            return {}
        if text is not None:
            found[text].add(number)
    return {text: frozenset(numbers) for text, numbers in found.items()}


def _begins(reader: Reader, prompt: str, more: str) -> str | None:
    """The token that goes on from the prompt, as it is written; None where the prompt is read
    otherwise with what follows it."""
    before, whole = reader.prompt(prompt), reader.prompt(prompt + more)
    if len(whole) <= len(before) or whole[: len(before)] != before:
        return None
    token = whole[len(before)]
    shown = reader.texts[token]
    ways = (shown, f" {shown}")
    return next((way for way in ways if reader.following(prompt, way) == token), None)


def _decides(tokens: Tokens) -> bool:
    """Whether for a year in the middle there are right and wrong tokens."""
    return all(_sides(tokens, number) is not None for number in (FIRST, 50, LAST))


def _sides(tokens: Tokens, number: int) -> tuple[list[str], list[str]] | None:
    right = [text for text, numbers in tokens.items() if min(numbers) > number]
    wrong = [text for text, numbers in tokens.items() if max(numbers) <= number]
    return (right, wrong) if right and wrong else None


def _draws(form: Form, by_century: dict[int, Tokens], rng: Random) -> Iterator[Draft]:
    centuries: Sequence[int] = list(by_century)
    while True:
        number, other = rng.randint(FIRST, LAST), rng.randint(FIRST, LAST)
        if abs(number - other) < FARTHEST:
            continue
        century, event = rng.choice(centuries), rng.choice(EVENTS)
        sentence = rng.randrange(len(SENTENCES))
        sides = _sides(by_century[century], number)
        if sides is None:
            continue
        clean, counterfactual = (
            form.prompt(SENTENCES[sentence], event, century, began) for began in (number, other)
        )
        yield Draft(
            clean=clean,
            counterfactual=counterfactual,
            right=sides[0],
            wrong=sides[1],
            n_changed=len(f"{century}{number:02}"),
            template=f"greater than {sentence + 1}",
            words=(event, f"{century}{number:02}", f"{century}{other:02}"),
        )
