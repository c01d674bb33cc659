"""What people write in comments, as markup: text, with units, addresses and people in it as links.

Everything is escaped first; of what was written nothing becomes markup.
"""

import re
from collections.abc import Collection
from typing import Final

from markupsafe import Markup

from app.rendering.addresses import ModelPages
from app.rendering.markup import escaped, trusted
from app.store.mentions import MENTION
from app.store.queries.comment import WITHHELD

PART: Final = re.compile(
    r"(?P<link>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]}])"
    r"|(?P<unit>(?<![\w./])(?P<site>(?:mlp|attn)\.[0-9]{1,4})/(?P<index>[0-9]{1,9})(?![\w/]))"
    rf"|(?P<mention>{MENTION.pattern})",
    re.IGNORECASE,
)
"""In the text as it was written."""

__all__ = ["WITHHELD", "comment_text"]


def comment_text(text: str, model: str, mentions: Collection[str] = ()) -> Markup:
    """Lines stay lines; `mentions`: whom an @ names."""
    pages, parts, end = ModelPages(model), [], 0
    for found in PART.finditer(text):
        parts.append(_lines(text[end : found.start()]))
        parts.append(_part(found, pages, mentions))
        end = found.end()
    parts.append(_lines(text[end:]))
    return trusted("".join(parts))


def _part(found: re.Match[str], pages: ModelPages, mentions: Collection[str]) -> str:
    said = str(escaped(found[0]))
    if found["link"]:
        return f'<a href="{said}" rel="nofollow noopener noreferrer">{said}</a>'
    if found["unit"]:
        address = escaped(pages.unit(found["site"].lower(), int(found["index"])))
        return f'<a href="{address}"><code>{said}</code></a>'
    if found[0][1:].lower() in mentions:
        return f'<span class="mention">{said}</span>'
    return said


def _lines(text: str) -> str:
    return str(escaped(text)).replace("\n", "<br>\n")
