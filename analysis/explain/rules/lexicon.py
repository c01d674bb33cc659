"""Which tests of a token are worth trying on a text: its tokens, words, affixes, shapes and
neighbourhoods in the model's embedding.

A test that passes the same tokens of the text as an earlier one is left out.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from analysis.programs.program import (
    Affix,
    HasShape,
    Near,
    OneOf,
    Shape,
    StartsWord,
    TokenTest,
)
from analysis.programs.vocabulary import Vocabulary

AFFIX_LETTERS = (1, 2, 3, 4)
AFFIX_TOKENS = 4
"""Different tokens of the text that share an affix, at least."""
NEIGHBOURHOODS = (8, 64, 512)
CENTRE_OCCURRENCES = 5
"""A neighbourhood is named by a token that the text has at least so often."""
NEIGHBOURS_THERE = 3


@dataclass(frozen=True, eq=False)
class Candidate:
    """A test of one token, with the tokens of the text that pass."""

    test: TokenTest
    types: Int64[ndarray, " type"]
    """Places in the lexicon's list of token ids."""

    @property
    def listed(self) -> int:
        """Tokens or texts that naming it lists."""
        return 0 if isinstance(self.test, HasShape | StartsWord) else 1


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The tokens of a text and what can be asked of them."""

    ids: Int64[ndarray, " type"]
    """Token ids that occur, rising."""
    counts: Int64[ndarray, " type"]
    texts: tuple[str, ...]
    """Of each type."""
    candidates: tuple[Candidate, ...]


def make_lexicon(tokens: Int64[ndarray, " occurrence"], vocabulary: Vocabulary) -> Lexicon:
    """Of all tokens of a text, in any order."""
    ids, counts = np.unique(tokens, return_counts=True)
    found: dict[bytes, Candidate] = {}
    for test, types in _tests(ids, counts, vocabulary):
        key = types.astype(np.int64).tobytes()
        if len(types) and key not in found:
            found[key] = Candidate(test, types.astype(np.int64))
    texts = tuple(vocabulary.texts[token] for token in ids.tolist())
    return Lexicon(ids.astype(np.int64), counts.astype(np.int64), texts, tuple(found.values()))


def _tests(
    ids: ndarray, counts: ndarray, vocabulary: Vocabulary
) -> Iterator[tuple[TokenTest, ndarray]]:
    """From the most to the least particular, so that the plainest of equals is kept."""
    texts = [vocabulary.texts[token] for token in ids.tolist()]
    folded = [vocabulary.folded[token] for token in ids.tolist()]
    yield from ((OneOf((text,)), places) for text, places in _grouped(texts).items())
    yield from ((OneOf((word,), folded=True), at) for word, at in _grouped(folded).items())
    shapes = np.array([vocabulary.shapes[token] for token in ids.tolist()])
    yield from ((HasShape(shape), np.flatnonzero(shapes == shape)) for shape in get_args(Shape))
    yield StartsWord(), np.flatnonzero(vocabulary.mask(StartsWord())[ids])
    for n in AFFIX_LETTERS:
        starts = [word[:n] if len(word) > n else "" for word in folded]
        ends = [word[-n:] if len(word) > n else "" for word in folded]
        for kind, affixes in (("starts", starts), ("ends", ends)):
            for text, at in _grouped(affixes).items():
                if text and len(at) >= AFFIX_TOKENS:
                    yield Affix(kind, text, folded=True), at  # type: ignore[arg-type]
    if vocabulary.space is not None:
        yield from _neighbourhoods(ids, counts, vocabulary)


def _neighbourhoods(
    ids: ndarray, counts: ndarray, vocabulary: Vocabulary
) -> Iterator[tuple[TokenTest, ndarray]]:
    """What is nearest to a token that is frequent enough to name it."""
    sizes = [size for size in NEIGHBOURHOODS if size < len(vocabulary)]
    if vocabulary.space is None or not sizes:
        return
    place = np.full(len(vocabulary), -1, np.int64)
    place[ids] = np.arange(len(ids))
    # Where several tokens have the same text, their mean is another place.
    centres = [
        token
        for token in ids[counts >= CENTRE_OCCURRENCES].tolist()
        if len(vocabulary.ids(vocabulary.texts[token])) == 1
    ]
    for centre, ranked in vocabulary.space.rank(np.array(centres, np.int64), max(sizes)).items():
        for size in sizes:
            at = np.sort(place[ranked[:size]])
            at = at[at >= 0]
            if len(at) >= NEIGHBOURS_THERE:
                yield Near((vocabulary.texts[centre],), size), at


def _grouped(texts: list[str]) -> dict[str, ndarray]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        groups[text].append(place)
    return {text: np.array(places, np.int64) for text, places in groups.items()}
