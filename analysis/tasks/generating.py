"""Tasks of our own kinds, for the tokenizer of any model.

task = generate("indirect-objects", reader, n=64, seed=0)
"""

from collections.abc import Mapping
from random import Random
from types import MappingProxyType
from typing import Final

from analysis.errors import TaskError
from analysis.tasks.drafting import Generator, gather
from analysis.tasks.generators.agreement import agreement
from analysis.tasks.generators.docstrings import docstrings
from analysis.tasks.generators.greater_than import greater_than
from analysis.tasks.generators.indirect_objects import indirect_objects
from analysis.tasks.generators.induction import induction
from analysis.tasks.generators.pronouns import pronouns
from analysis.tasks.reading import Reader
from analysis.tasks.task import MOST_PAIRS, Generated, Metric, Task

VERSION: Final = 2
"""To be raised with every change of words, sentences or drawing: seeds then give other pairs."""

GENERATORS: Final[Mapping[str, Generator]] = MappingProxyType(
    {
        "indirect-objects": indirect_objects,
        "greater-than": greater_than,
        "docstrings": docstrings,
        "agreement": agreement,
        "induction": induction,
        "pronouns": pronouns,
    }
)


def generate(kind: str, reader: Reader, *, n: int, seed: int) -> Task:
    """n distinct pairs; the same for the same kind, tokenizer, n and seed, and those of a smaller n
    are the first of them.

    Raises TaskError: there is no such kind, or the tokenizer leaves too few words or pairs.
    """
    generator = GENERATORS.get(kind)
    if generator is None:
        raise TaskError(
            f"there is no kind of task called {kind!r}", hint=f"Known: {', '.join(GENERATORS)}."
        )
    if not 1 <= n <= MOST_PAIRS:
        raise TaskError(f"{n:,} pairs cannot be made", hint=f"Ask for 1 to {MOST_PAIRS:,}.")
    drafts = generator(reader, Random(f"{kind} {VERSION} {seed}"))  # noqa: S311 - reproducible
    gathered = gather(reader, drafts.draws, n)
    return Task(
        name=kind,
        source=Generated(
            generator=kind,
            version=VERSION,
            seed=seed,
            n_words=drafts.n_words,
            n_left_out=drafts.n_left_out,
            n_refused=gathered.n_refused,
        ),
        metric=Metric(),
        pairs=gathered.pairs,
        tokenizer_sha256=reader.tokenizer_sha256,
    )
