"""Greater than: what began in one year ends in a later one, and what ended in it began earlier.

The idea is of Hanna et al. 2023, *How does GPT-2 compute greater-than?*; sentences and words are
ours. Half of the sentences ask for the earlier year: else whoever always says 9, or likes great
numbers, would be right without reading any. Tokenizers write years in one token, two, or digit by
digit, so the prompt ends where the next token decides, and every number is read to see which token
it begins with: a token is right if all numbers that begin with it are greater (or less, where that
is asked), wrong if none is, and left out if it does not decide. Of the tens digit, the year's own
decade is neither right nor wrong. In the counterfactual the year is earlier (or later, where an
earlier one is asked for), so that years are right that were wrong: after a later one, all that is
right would be right of the clean prompt too.
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
DECADES: Final = range(1, 9)
"""Of the century, with others before and behind."""
FARTHEST: Final = 2
"""Decades at least between the year and that of the counterfactual, so that one is between."""
EVENTS: Final = (
    "alliance", "battle", "campaign", "conflict", "construction",
    "crisis", "drought", "exile", "expedition", "famine", "feud", "journey", "marriage",
    "occupation", "partnership", "plague", "project", "rebellion", "reign", "research", "siege",
    "strike", "truce", "voyage", "war",
)  # fmt: skip
LATER: Final = (
    "The {event} lasted from the year {year} to the year",
    "We read that the {event} went on from the year {year} until the year",
    "The {event} began in the year {year} and came to its end in the year",
    "According to this book, the {event} took from the year {year} to the year",
    "Historians agree: the {event} started in the year {year} and was over in the year",
)
"""Ask for a year that comes later."""
EARLIER: Final = (
    "By the year {year} the {event} had been under way since the year",
    "The {event} ended in the year {year} after it had lasted since the year",
    "The {event} was over by the year {year}: it had started as early as the year",
    "Until the year {year} the {event} had gone on without an end since the year",
    "The {event} was still going on in the year {year}, having started in the year",
)
SENTENCES: Final = (*LATER, *EARLIER)


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
        year = self.year.format(century=century, number=number)
        return sentence.format(event=event, year=year) + self.before.format(century=century)


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
    prompt = form.prompt(SENTENCES[0], EVENTS[-1], century, 10 * DECADES[0])
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
    """Whether for years of the first decade, the last and one in the middle there are right and
    wrong tokens."""
    return all(_sides(tokens, 10 * decade) is not None for decade in (DECADES[0], 5, DECADES[-1]))


def _sides(tokens: Tokens, number: int) -> tuple[list[str], list[str]] | None:
    """Tokens of later and of earlier years; None where there are none of one of them."""
    later = [text for text, numbers in tokens.items() if min(numbers) > number]
    earlier = [text for text, numbers in tokens.items() if max(numbers) < number]
    return (later, earlier) if later and earlier else None


def _draws(form: Form, by_century: dict[int, Tokens], rng: Random) -> Iterator[Draft]:
    centuries: Sequence[int] = list(by_century)
    while True:
        century, event = rng.choice(centuries), rng.choice(EVENTS)
        sentence = rng.randrange(len(SENTENCES))
        later = SENTENCES[sentence] in LATER
        decade = rng.choice(DECADES)
        others = range(decade - FARTHEST + 1) if later else range(decade + FARTHEST, 10)
        if not others:
            continue
        number = 10 * decade + rng.randrange(10)
        other = 10 * rng.choice(others) + rng.randrange(10)
        sides = _sides(by_century[century], number)
        if sides is None:
            continue
        right, wrong = sides if later else sides[::-1]
        # Where it is one number's alone, the year's own token is no later and no earlier one.
        own = [text for text, numbers in by_century[century].items() if numbers == {number}]
        clean, counterfactual = (
            form.prompt(SENTENCES[sentence], event, century, each) for each in (number, other)
        )
        yield Draft(
            clean=clean,
            counterfactual=counterfactual,
            right=right,
            wrong=[*wrong, *own],
            n_changed=len(f"{century}{number:02}"),
            template=f"greater than {sentence + 1}",
            words=(event, f"{century}{number:02}", f"{century}{other:02}"),
        )
