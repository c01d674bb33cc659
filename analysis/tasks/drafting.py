"""From drafts to pairs: what the generators have in common.

A generator draws drafts without end, in text; here each is read as the model's tokenizer reads it,
and taken only if it came out as it was meant: both prompts of one length, differing at no more
positions than words were exchanged, answers of one token.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from analysis.errors import ModelError, TaskError
from analysis.tasks.reading import Reader, read_pair
from analysis.tasks.task import Pair

TRIES: Final = 40
"""Drafts looked at for each pair that is wanted, and FEWEST_TRIES at least."""
FEWEST_TRIES: Final = 400
IMPORT = "Write prompts with words of its own, and import them as JSONL or CSV."


@dataclass(frozen=True)
class Draft:
    """A pair in text."""

    clean: str
    counterfactual: str
    right: Sequence[str]
    wrong: Sequence[str]
    n_changed: int
    """Tokens that the two prompts may differ in."""
    template: str
    words: Sequence[str]


@dataclass(frozen=True)
class Drafts:
    """What a generator can draw for one tokenizer."""

    draws: Iterator[Draft]
    n_words: int
    n_left_out: int


class Generator(Protocol):
    """Draws drafts of one kind of task from words that are single tokens for a reader.

    Raises TaskError where too few words are.
    """

    def __call__(self, reader: Reader, rng: Random) -> Drafts: ...


@dataclass(frozen=True)
class Gathered:
    pairs: tuple[Pair, ...]
    n_refused: int


def gather(reader: Reader, draws: Iterator[Draft], n: int) -> Gathered:
    """The first n distinct pairs. Raises TaskError where there are not so many."""
    pairs: dict[tuple[str, str], Pair] = {}
    reason: str | None = None
    n_refused = 0
    for _, draft in zip(range(max(FEWEST_TRIES, TRIES * n)), draws, strict=False):
        # Where nearly nothing is read as meant, looking at all drafts would only take long.
        if len(pairs) == n or n_refused > FEWEST_TRIES + TRIES * len(pairs):
            break
        if (draft.clean, draft.counterfactual) in pairs:
            continue
        try:
            pairs[draft.clean, draft.counterfactual] = _aligned(reader, draft)
        except (TaskError, ModelError) as error:
            n_refused, reason = n_refused + 1, error.detail
    if len(pairs) < n:
        because = f" Most recently refused: {reason}." if reason else ""
        raise TaskError(
            f"only {len(pairs)} of the {n} pairs could be made that this model's tokenizer reads "
            f"as meant; {n_refused:,} drafts were refused.{because}",
            hint=f"Ask for at most {len(pairs)} pairs. {IMPORT}" if pairs else IMPORT,
        )
    return Gathered(tuple(pairs.values()), n_refused)


@dataclass(frozen=True)
class Fitting:
    """Words of a list that are single tokens, in its order."""

    words: tuple[str, ...]
    n_left_out: int


def fitting(reader: Reader, words: Sequence[str], fewest: int, what: str) -> Fitting:
    """Raises TaskError where too few of them are."""
    kept = tuple(word for word in words if reader.is_one_token(word))
    enough(kept, len(words), fewest, what)
    return Fitting(kept, len(words) - len(kept))


def enough(kept: Sequence[object], offered: int, fewest: int, what: str) -> None:
    """Raises TaskError where fewer than so many are left; says how many are, and what to do."""
    if len(kept) < fewest:
        raise TaskError(
            f"only {len(kept)} of the {offered} {what} are one token for this model's tokenizer; "
            f"{fewest} are needed",
            hint=IMPORT,
        )


def _aligned(reader: Reader, draft: Draft) -> Pair:
    pair = read_pair(
        reader,
        draft.clean,
        draft.counterfactual,
        draft.right,
        draft.wrong,
        template=draft.template,
        words=draft.words,
    )
    if len(pair.changed) > draft.n_changed:
        raise TaskError(
            f"exchanging {draft.n_changed} tokens changed {len(pair.changed)}: the prompts are not "
            "aligned"
        )
    if not all(reader.knows(side.tokens) for side in (pair.clean, pair.counterfactual)):
        raise TaskError("the tokenizer does not know a word of it")
    return pair
