"""Where the words of a claim occur in windows of tokens."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.trials.words import Named


def find_words(
    tokens: NDArray[np.int64], lengths: NDArray[np.int64], vocabulary: Sequence[str], named: Named
) -> NDArray[np.bool_]:
    """[window, pos]: the last token of each occurrence, where one knows that the word is there.

    A word is one token, whatever its case and the blanks around it, or several that make it up
    between ends of words.
    """
    found = np.zeros(tokens.shape, np.bool_)
    if not named:
        return found
    within = np.arange(tokens.shape[1]) < lengths[:, None]
    present = np.unique(tokens[within]).tolist()
    single, opening = [], []
    for token in present:
        piece = vocabulary[token]
        folded = piece.strip().casefold()
        if piece in named.tokens or folded in named.words:
            single.append(token)
        elif folded and any(word.startswith(folded) for word in named.words):
            opening.append(token)
    found = np.isin(tokens, single) & within
    for row, at in np.argwhere(np.isin(tokens, opening) & within).tolist():
        pieces = [vocabulary[token] for token in tokens[row, : lengths[row]].tolist()]
        for end in _ends(pieces, at, named.words):
            found[row, end] = True
    return found


def _ends(pieces: list[str], at: int, words: frozenset[str]) -> Iterator[int]:
    """Of words of several tokens that begin at this one."""
    if not pieces[at][0].isspace() and at and pieces[at - 1][-1:].isalnum():
        return
    read = ""
    for end in range(at, len(pieces)):
        read += pieces[end].casefold()
        said = read.lstrip()
        if said.rstrip() in words and (end + 1 == len(pieces) or _ends_before(pieces[end + 1])):
            yield end
        if not any(word.startswith(said.rstrip()) for word in words):
            return


def _ends_before(piece: str) -> bool:
    return not piece[:1].isalnum()
