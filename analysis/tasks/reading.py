"""Texts as one model reads them: which tokens a pair of prompts and its answers are.

What follows a prompt is looked up *in context*: an answer is one token if prompt and answer written
one behind the other are the prompt's own tokens and one more. So nothing here knows whether a
tokenizer puts the space before a word into the word, apart, or nowhere.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from analysis.errors import ModelError, TaskError
from analysis.protocol.experiments import TokenText
from analysis.protocol.prompts import LONGEST_TEXT, MOST_TOKENS
from analysis.tasks.task import Pair, Side, unequal

ALIGN = (
    "Exchange words for words of equally many tokens. Padding does not help: behind it, every "
    "word would stand at another position than its counterpart."
)

UNKNOWN: Final = frozenset({"<unk>", "[UNK]", "UNK"})
"""Texts of tokens that stand for what is not in a vocabulary."""


class Tokeniser(Protocol):
    """What is needed of a model's tokenizer (`analysis.models.tokens` has the whole)."""

    def encode(self, text: str) -> list[int]: ...
    def texts(self) -> list[str]: ...


@dataclass(frozen=True)
class Reader:
    """One model's way from text to tokens."""

    encode: Callable[[str], list[int]]
    """Without special tokens around the text."""
    texts: Sequence[str]
    """Of every token id, for display."""
    begins: int | None = None
    """BOS, where the model begins a text with it."""
    longest: int = MOST_TOKENS
    """Tokens of the model's context."""
    tokenizer_sha256: str | None = None

    def prompt(self, text: str) -> tuple[int, ...]:
        """The tokens of a text, BOS first. Raises TaskError or ModelError."""
        _check_text(text)
        begun = () if self.begins is None else (self.begins,)
        return (*begun, *self.encode(text))

    def following(self, text: str, more: str) -> int | None:
        """The one token that `more` is behind `text`; None where it is none, several, or changes
        what stands before it, and where it is a word that the vocabulary does not have."""
        return self.following_tokens(self.prompt(text), text, more)

    def following_tokens(self, before: tuple[int, ...], text: str, more: str) -> int | None:
        """The same where the text's tokens are known."""
        try:
            whole = self.prompt(text + more)
        except ModelError:
            return None
        if len(whole) != len(before) + 1 or whole[:-1] != before or not self.says(whole[-1], more):
            return None
        return whole[-1]

    def knows(self, tokens: Sequence[int]) -> bool:
        """Whether none of them stands for a word that the vocabulary does not have."""
        read = tokens if self.begins is None else tokens[1:]
        return not any(self.texts[token].strip() in UNKNOWN for token in read)

    def says(self, token: int, text: str) -> bool:
        """Whether the token is this text and no stand-in for the unknown; case and accents apart,
        which some tokenizers do away with."""
        return _bare(self.texts[token]) == _bare(text)

    def is_one_token(self, word: str) -> bool:
        """Whether a word behind another one is a single token."""
        try:
            return self.following(word, f" {word}") is not None
        except (ModelError, TaskError):
            return False


def reader_of(tokeniser: Tokeniser, *, begins: int | None = None) -> Reader:
    return Reader(tokeniser.encode, tokeniser.texts(), begins)


def read_pair(
    reader: Reader,
    clean: str,
    counterfactual: str,
    right: Sequence[str],
    wrong: Sequence[str],
    *,
    name: str = "",
    template: str = "",
    words: Sequence[str] = (),
) -> Pair:
    """The pair that these texts are for a model.

    Raises TaskError where they are none: prompts of different or no length, the same, or longer
    than the context; an answer that is not one token behind both prompts, or named twice.
    ModelError: the tokenizer does not know a word.
    """
    sides = [Side(text=text, tokens=_tokens(reader, text)) for text in (clean, counterfactual)]
    lengths = [len(side.tokens) for side in sides]
    if lengths[0] != lengths[1]:
        raise TaskError(unequal(lengths[0], lengths[1]), hint=ALIGN)
    if sides[0].tokens == sides[1].tokens:
        raise TaskError(
            "the clean prompt and the counterfactual are the same tokens",
            hint="Change the word that decides which answer is right.",
        )
    answers = [tuple(_answer(reader, sides, text) for text in group) for group in (right, wrong)]
    ids = [token.id for group in answers for token in group]
    twice = next((number for number, token in enumerate(ids) if token in ids[:number]), None)
    if twice is not None:
        raise TaskError(
            f"{[*right, *wrong][twice]!r} is the same token as another answer",
            hint="Name each answer once, as right or as wrong.",
        )
    return Pair(
        clean=sides[0],
        counterfactual=sides[1],
        right=answers[0],
        wrong=answers[1],
        name=name,
        template=template,
        words=tuple(words),
    )


def _tokens(reader: Reader, text: str) -> tuple[int, ...]:
    tokens = reader.prompt(text)
    if not text.strip() or len(tokens) == (reader.begins is not None):
        raise TaskError("a prompt is empty", hint="Give at least one word.")
    if len(tokens) > reader.longest:
        raise TaskError(
            f"a prompt has {len(tokens):,} tokens; the model's context is {reader.longest:,}",
            hint=f"Shorten it to at most {reader.longest:,} tokens.",
        )
    return tokens


def _answer(reader: Reader, sides: Sequence[Side], text: str) -> TokenText:
    found = {reader.following_tokens(side.tokens, side.text, text) for side in sides}
    token = found.pop()
    if found or token is None:
        raise TaskError(
            f"the answer {text!r} is not one token behind {_end(sides[0].text)!r}",
            hint="Answers are single tokens: name a shorter one, or write the prompt so that it "
            "ends within the answer, before the token that decides.",
        )
    return TokenText(id=token, text=text)


def _bare(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _end(text: str) -> str:
    return text if len(text) <= 30 else "…" + text[-29:]


def _check_text(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise TaskError(
            f"a prompt has {len(text):,} characters", hint=f"At most {LONGEST_TEXT:,} are read."
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TaskError(
            f"character {error.start + 1} of a prompt is half a character (a lone surrogate)",
            hint="Write the text anew as UTF-8.",
        ) from error
