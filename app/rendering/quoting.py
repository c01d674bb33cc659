"""What is said of tokens, with each quoted token kept on one line.

A quoted token often begins with its blank: broken there, the opening mark would end a line and the
token begin the next one.
"""

import re
from typing import Final

from markupsafe import Markup

from app.rendering.markup import escaped, trusted

LONGEST: Final = 30
"""Characters of markup between the marks; longer ones break as other text does, for a telephone has
no room for them."""
QUOTED: Final = re.compile(
    rf"“(?:</?mark>|[^”<]){{0,{LONGEST}}}”|‘(?:</?mark>|[^’<]){{0,{LONGEST}}}’"
    rf"|&#34;(?:</?mark>|\\(?:&#34;|[^<])|(?!&#34;)[^\\<]){{0,{LONGEST}}}?&#34;"
)
"""In escaped text: “ so”, ‘ so’ and "so" with \\" within."""
MARK: Final = re.compile(r"</?mark>")


def unbroken(text: str) -> Markup:
    """The text escaped (markup as it is, `mark` its only element), quotes in `span.quoted`."""
    return trusted(QUOTED.sub(_kept, escaped(text)))


def _kept(found: re.Match[str]) -> str:
    quoted = found[0]
    marks = MARK.findall(quoted)
    whole = marks == ["<mark>", "</mark>"] * (len(marks) // 2)
    return f'<span class="quoted">{quoted}</span>' if whole else quoted
