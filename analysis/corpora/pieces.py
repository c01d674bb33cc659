"""Token ids of a text of any length, with a tokenizer that would rather not see it whole.

A long text is cut at single blanks or newlines and tokenised piece by piece. Which borders are
safe depends on the tokenizer: byte-level ones want the blank at the head of the next piece, those
that put a blank before every text want it dropped. So each border is tried on the text around it,
and taken only if the pieces give the tokens of the whole there; a text without any safe border is
tokenised at once.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Encode = Callable[[str], Sequence[int]]
"""Token ids of a text, without special tokens such as BOS."""

PIECE_LENGTH = 100_000
CONTEXT = 300
_TRIES = 64
_BORDER = re.compile(r"(?<=\S)[ \n](?=\S)")


def encode_in_pieces(
    text: str, encode: Encode, *, piece_length: int = PIECE_LENGTH
) -> NDArray[np.uint32]:
    """The ids that `encode` gives for the whole text."""
    pieces = [np.asarray(encode(p), dtype=np.uint32) for p in cut_text(text, encode, piece_length)]
    return np.concatenate([np.empty(0, dtype=np.uint32), *pieces])


def cut_text(text: str, encode: Encode, piece_length: int = PIECE_LENGTH) -> Iterator[str]:
    """The pieces, each about as long as asked; a blank between two may be left out."""
    start = search = 0
    while len(text) - search > piece_length:
        candidates = [
            border.start()
            for border in islice(_BORDER.finditer(text, search + piece_length), _TRIES)
        ]
        if not candidates:
            break
        for at in candidates:
            resume = _resume_after(text, start, at, encode)
            if resume is not None:
                yield text[start:at]
                start = search = resume
                break
        else:
            search = candidates[-1]
    yield text[start:]


def _resume_after(text: str, start: int, at: int, encode: Encode) -> int | None:
    """Where the next piece begins if one ends before the blank at `at`: there or after it."""
    left = text[max(start, at - CONTEXT) : at]
    right = text[at : at + CONTEXT]
    whole = list(encode(left + right))
    head = list(encode(left))
    for skipped in (0, 1):
        if head + list(encode(right[skipped:])) == whole:
            return at + skipped
    return None
