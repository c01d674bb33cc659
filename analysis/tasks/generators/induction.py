"""Induction: random tokens, and again; what comes next is what came after them before.

Olsson et al. 2022, *In-context Learning and Induction Heads*. Other tokens stand before the run
that is repeated. All prompts have one length, and the answer stands at any distance from their end,
so that looking back by a fixed number of tokens finds it no better than chance. In the
counterfactual the answer and another token have changed places, so that the other one is right; it
stands before the run or later in it, each as often. Both occur in both prompts once: only the order
tells which.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from analysis.errors import ModelError, TaskError
from analysis.tasks.drafting import IMPORT, Draft, Drafts
from analysis.tasks.reading import Reader

FEWEST: Final = 6
ENOUGH: Final = 400
"""Tokens to draw from: more would only take longer to check."""
LONGEST: Final = 20
"""Tokens of a prompt, without BOS."""
FEWEST_REPEATED: Final = 2
FEWEST_DISTANCES: Final = 2


@dataclass(frozen=True)
class Shape:
    """How long the parts of a prompt are."""

    n_before: int
    n_run: int
    """How far back the answer stands from where it comes next."""
    n_repeated: int


def induction(reader: Reader, rng: Random) -> Drafts:
    offered = _offered(reader, rng)
    kept: list[str] = []
    n_looked_at = 0
    for token in offered:
        if len(kept) == ENOUGH:
            break
        n_looked_at += 1
        written = _written(reader, token)
        if written is not None and written not in kept:
            kept.append(written)
    if len(kept) < FEWEST:
        raise TaskError(
            f"only {len(kept)} of {n_looked_at:,} tokens of letters stay one token between others; "
            f"{FEWEST} are needed",
            hint=IMPORT,
        )
    n_seen = reader.longest - (reader.begins is not None)
    shapes = _shapes(len(kept), min(LONGEST, n_seen))
    if len(shapes) < FEWEST_DISTANCES:
        raise TaskError(
            f"the model's context of {reader.longest} tokens is too short to repeat anything in",
            hint=IMPORT,
        )
    return Drafts(_draws(kept, shapes, rng), len(kept), n_looked_at - len(kept))


def _shapes(n_words: int, longest: int) -> list[list[Shape]]:
    """By distance, of the one length that allows most of them; no token may come twice but those
    that are repeated."""
    by_length = [
        [alike for n_run in range(length) if (alike := _of_run(n_run, length, n_words))]
        for length in range(longest, 0, -1)
    ]
    return max(by_length, key=len, default=[])


def _of_run(n_run: int, length: int, n_words: int) -> list[Shape]:
    """There is a token before the run, and behind the answer one that is not its next."""
    return [
        Shape(n_before, n_run, n_repeated)
        for n_repeated in range(FEWEST_REPEATED, n_run - 1)
        if (n_before := length - n_run - n_repeated) > 0 and n_before + n_run <= n_words
    ]


def _offered(reader: Reader, rng: Random) -> Sequence[int]:
    """Tokens of letters, in random order; words with a space before them, if there are any."""
    letters = [n for n, text in enumerate(reader.texts) if text.strip().isalpha()]
    spaced = [n for n in letters if reader.texts[n].startswith(" ")]
    found = spaced if len(spaced) >= FEWEST else letters
    rng.shuffle(found)
    return found


def _written(reader: Reader, token: int) -> str | None:
    """How the token is written so that it stays one between others; spaces may be no part of it."""
    for text in (reader.texts[token], f" {reader.texts[token]}"):
        try:
            begun = reader.prompt(text)
            if reader.prompt(text * 3)[len(begun) :] == (token, token):
                return text
        except (ModelError, TaskError):
            continue
    return None


def _draws(texts: Sequence[str], shapes: Sequence[Sequence[Shape]], rng: Random) -> Iterator[Draft]:
    while True:
        shape = rng.choice(rng.choice(shapes))
        once = rng.sample(texts, shape.n_before + shape.n_run)
        answer = shape.n_before + shape.n_repeated
        earlier, later = range(shape.n_before), range(answer + 1, len(once))
        other = rng.choice(rng.choice((earlier, later)))
        swapped = list(once)
        swapped[answer], swapped[other] = once[other], once[answer]
        repeated = once[shape.n_before : answer]
        named = (once[answer - 1], once[answer], once[other])
        rest = [text for text in once if text not in named]
        yield Draft(
            clean="".join([*once, *repeated]),
            counterfactual="".join([*swapped, *repeated]),
            right=[once[answer]],
            wrong=[once[other]],
            n_changed=2,
            template=f"induction from {shape.n_run} before",
            words=tuple(text.strip() for text in (*named, *rest)),
        )
