"""Why something was found: the text around the words, with the words marked."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from app.store.search.words import words_of, words_of_token
from app.store.views.search import MarkedText, Piece

LONGEST: Final = 240
"""Characters of a snippet, about."""
BEFORE: Final = 60
MOST_TOKENS: Final = 12
_WORD: Final = re.compile(r"\w+")


def mark(text: str, words: Iterable[str]) -> MarkedText | None:
    """A part of the text in which the words are marked; None where it has none of them."""
    wanted = frozenset(words)
    hits = [found.span() for found in _WORD.finditer(text) if wanted & {*words_of(found[0])}]
    if not hits:
        return None
    start = max(0, hits[0][0] - BEFORE) if len(text) > LONGEST else 0
    end = min(len(text), start + LONGEST)
    pieces, at = [], start
    for low, high in hits:
        if low < start or high > end:
            continue
        pieces += [Piece(text=text[at:low], hit=False), Piece(text=text[low:high], hit=True)]
        at = high
    pieces.append(Piece(text=text[at:end], hit=False))
    return MarkedText(
        pieces=[piece for piece in pieces if piece.text],
        cut_before=start > 0,
        cut_after=end < len(text),
    )


def mark_tokens(tokens: Sequence[str], words: Iterable[str]) -> MarkedText | None:
    """Those of the tokens that have one of the words; None where no token has."""
    wanted = frozenset(words)
    hits = [token for token in tokens if wanted & {*words_of_token(token)}]
    if not hits:
        return None
    pieces = [Piece(text=token, hit=True) for token in hits[:MOST_TOKENS]]
    return MarkedText(pieces=pieces, cut_before=False, cut_after=len(hits) > MOST_TOKENS)


def density(text: str, words: Iterable[str]) -> float:
    """About the share of the text's words that were asked for, words that begin so among them."""
    folded = text.casefold()
    # without its ending, "y" itself would be nothing, which stands everywhere
    stems = (word.removesuffix("y") or word for word in words)
    return sum(map(folded.count, stems)) / (1 + text.count(" "))
