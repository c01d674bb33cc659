"""The bytes that a token's text stands for: texts show a byte that is no UTF-8 as ⟨E2⟩.

Put together again, the bytes of several tokens may make a whole character. Tokens that stand for
no text, such as the one that windows begin with, have no bytes; they are known by their looks.
"""

import re

NO_TEXT = re.compile(
    r"<\|[^|<>]*\|>|</?s>|<(?:bos|eos|pad|unk|mask)>|\[(?:CLS|SEP|PAD|MASK|UNK)\]|BOS"
)
ESCAPED = re.compile("⟨([0-9A-F]{2})⟩")


def bytes_of_token(text: str) -> bytes:
    """What a token adds to the text of its window."""
    return b"" if NO_TEXT.fullmatch(text) else raw_bytes(text)


def raw_bytes(text: str) -> bytes:
    if "⟨" not in text:
        return text.encode("utf-8", "surrogatepass")
    pieces = ESCAPED.split(text)
    return b"".join(
        bytes([int(piece, 16)]) if number % 2 else piece.encode("utf-8", "surrogatepass")
        for number, piece in enumerate(pieces)
    )
