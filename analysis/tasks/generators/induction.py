"""Induction: random tokens, and again; what comes next is what came after them before.

Olsson et al. 2022, *In-context Learning and Induction Heads*. In the counterfactual the answer and
another token of the first run have changed places, so that the other one is right. Both occur in
both prompts once: only the order tells which.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from analysis.errors import ModelError, TaskError
from analysis.tasks.drafting import IMPORT, Draft, Drafts
from analysis.tasks.reading import Reader

FEWEST: Final = 6
ENOUGH: Final = 400
"""Tokens to draw from: more would only take longer to check."""
LONGEST_RUN: Final = 12
FEWEST_REPEATED: Final = 2


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
    # BOS, the run, and all of it but two again must be seen at once.
    n_run = min(LONGEST_RUN, len(kept), (reader.longest + 1) // 2)
    if n_run < FEWEST:
        raise TaskError(
            f"the model's context of {reader.longest} tokens is too short to repeat anything in",
            hint=IMPORT,
        )
    return Drafts(_draws(kept, n_run, rng), len(kept), n_looked_at - len(kept))


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


def _draws(texts: Sequence[str], n_run: int, rng: Random) -> Iterator[Draft]:
    while True:
        run = rng.sample(texts, n_run)
        answer = rng.randrange(FEWEST_REPEATED, n_run - 2)
        other = rng.randrange(answer + 2, n_run)
        swapped = list(run)
        swapped[answer], swapped[other] = run[other], run[answer]
        repeated = run[:answer]
        yield Draft(
            clean="".join([*run, *repeated]),
            counterfactual="".join([*swapped, *repeated]),
            right=[run[answer]],
            wrong=[run[other]],
            n_changed=2,
            template=f"induction after {answer}",
            words=tuple(text.strip() for text in run),
        )
