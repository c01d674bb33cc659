"""Tests of tokens as nouns: “ January” or “ February”; numbers; tokens ending in “ing”."""

from dataclasses import dataclass
from typing import Literal

from analysis.programs.program import (
    Affix,
    HasShape,
    Matches,
    Near,
    OneOf,
    Shape,
    StartsWord,
    TokenTest,
)

LONGEST_SHOWN = 40
SHAPES: dict[Shape, str] = {
    "lower": "lower-case words",
    "capitalised": "capitalised words",
    "upper": "words in capitals",
    "mixed": "words of mixed case",
    "number": "numbers",
    "punctuation": "punctuation",
    "space": "blanks",
    "newline": "line breaks",
    "other": "tokens that are neither words, numbers nor punctuation",
}
AFFIXES = {"starts": "starting with", "ends": "ending in", "contains": "containing"}
SIGNS = {"\n": "↵", "\t": "⇥", "\r": "␍"}


@dataclass(frozen=True)
class Detail:
    """How much is said: so many listed tokens and cases by name, the others counted."""

    most: int
    measures: bool = True
    """Whether half-lives are told."""


def noun_of(test: TokenTest, detail: Detail, conjunction: Literal["and", "or"] = "or") -> str:
    match test:
        case OneOf(texts, folded):
            return listed(texts, detail.most, conjunction) + _any_case(folded)
        case Affix(folded=folded):
            return f"{'words' if folded else 'tokens'} {participle_of(test)}"
        case HasShape(shape):
            return SHAPES[shape]
        case StartsWord():
            return "tokens that begin a word"
        case Matches(pattern, folded):
            return f"tokens matching /{pattern}/" + _any_case(folded)
        case Near(texts, first):
            return f"the {first:,} tokens most like {listed(texts, detail.most, 'and')}"


def participle_of(test: Affix) -> str:
    """ending in “ing”"""
    return f"{AFFIXES[test.kind]} {quoted(test.text)}{_any_case(test.folded)}"


def listed(texts: tuple[str, ...], most: int, conjunction: Literal["and", "or"]) -> str:
    """“a”, “b” or “c”; of more than `most` the first ones, and how many there are besides."""
    named = [quoted(text) for text in texts[:most]]
    n_more = len(texts) - len(named)
    if n_more == 1:
        named.append(quoted(texts[-1]))
    elif n_more > 1:
        others = "more" if conjunction == "and" else "others"
        return f"{', '.join(named)} {conjunction} {n_more:,} {others}"
    if len(named) == 1:
        return named[0]
    return f"{', '.join(named[:-1])} {conjunction} {named[-1]}"


def quoted(text: str) -> str:
    """A text as a reader can see it: line breaks and tabs as signs, a long one cut."""
    shown = "".join(SIGNS.get(letter, letter) for letter in text)
    shown = "".join(
        letter if letter.isprintable() else f"⟨U+{ord(letter):04X}⟩" for letter in shown
    )
    return f"“{shown[:LONGEST_SHOWN]}…”" if len(shown) > LONGEST_SHOWN else f"“{shown}”"


def _any_case(folded: bool) -> str:
    return " (any case)" if folded else ""
