"""What people write in Markdown, as markup: their HTML is shown as text, and nothing is loaded.

CommonMark with tables; links only where they lead to the web or within it, images not at all: they
would tell another server who reads.
"""

from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from app.rendering.markup import trusted

READER: Final = (
    MarkdownIt("commonmark", {"html": False})
    .enable("table")
    .disable(["image", "html_block", "html_inline"])
)
KEPT: Final = 32
"""Texts; one of 50,000 characters can become some megabytes."""


@lru_cache(maxsize=KEPT)
def markdown(text: str) -> Markup:
    """The same text is rendered once: a long table takes seconds, and every item that is judged
    shows the campaign's guidelines."""
    return trusted(READER.render(text))
