"""Text from outside, made fit to stand in a prompt as data.

Prompts mark where data begins and ends with ⟦ ⟧ and ⟪ ⟫. After quoting, text has none of the four,
so it cannot leave its place; it has no token by which chat templates tell system, user and
assistant apart (servers look for those in all of a prompt), and nothing that is not shown. What a
model makes of commands in it is another matter: that is why answers are checked.
"""

import re
import unicodedata

MARKS = "⟦⟧⟪⟫"
OPENS_TEMPLATE_TOKEN = re.compile(r"<(?=[^\s<>]{1,40}>)|<(?=[|｜])|\[(?=/?[A-Z_]{2,20}\])")
"""Where something like <|im_start|>, </s>, <start_of_turn> or [INST] begins."""
CUT = "…"


def quote(text: str) -> str:
    """The text with marks, template tokens and invisible characters defused; lines stay lines."""
    return OPENS_TEMPLATE_TOKEN.sub(r"\g<0>\\", "".join(map(_visible, text)))


def quote_line(text: str, most: int | None = None) -> str:
    """The same on one line and without tabs; longer than `most` characters, it is cut."""
    quoted = quote(text).replace("\n", "\\n").replace("\t", "\\t")
    return quoted if most is None or len(quoted) <= most else quoted[: most - 1] + CUT


def _visible(character: str) -> str:
    if character in MARKS:
        return f"\\u{ord(character):04x}"
    if character in "\n\t" or character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return f"\\u{ord(character):04x}"
