"""What people write in Markdown, as markup: their HTML is shown as text, and nothing is loaded.

CommonMark with tables; links only where they lead to the web or within it, images not at all: they
would tell another server who reads.
"""

from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from app.rendering.markup import trusted

READER: Final = (
    MarkdownIt("commonmark", {"html": False})
    .enable("table")
    .disable(["image", "html_block", "html_inline"])
)


def markdown(text: str) -> Markup:
    return trusted(READER.render(text))
