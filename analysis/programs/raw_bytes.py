"""The bytes that a token's text stands for: texts show a byte that is no UTF-8 as ⟨E2⟩.

Put together again, the bytes of several tokens may make a whole character.
"""

import re

ESCAPED = re.compile("⟨([0-9A-F]{2})⟩")


def raw_bytes(text: str) -> bytes:
    if "⟨" not in text:
        return text.encode("utf-8", "surrogatepass")
    pieces = ESCAPED.split(text)
    return b"".join(
        bytes([int(piece, 16)]) if number % 2 else piece.encode("utf-8", "surrogatepass")
        for number, piece in enumerate(pieces)
    )
