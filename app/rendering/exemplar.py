"""One kept window as a line of a list: peak value, tokens, where it is from, what a head reads."""

from typing import Final

from markupsafe import Markup, escape

from app.rendering.addresses import part
from app.rendering.attention import attention
from app.rendering.markup import trusted
from app.rendering.numbers import number
from app.rendering.strip import strip
from app.store.views.unit import ExemplarView

CONTEXT: Final = "context"


def exemplar(
    item: ExemplarView,
    scale: float,
    *,
    corpus: str | None,
    counted_from: int = 0,
    causal: bool = True,
    send: str | None = None,
) -> Markup:
    """A list item; joined here and not by the template, because a page has dozens.

    `send`: the address that opens a window in the playground, without the window's number.
    """
    sign = "is-negative" if item.peak < 0 else "is-positive"
    return trusted(
        f'<li class="exemplar" data-window="{item.window}">'
        f'<span class="peak-value {sign}">{number(item.peak)}</span>'
        f"{strip(item, scale, counted_from)}"
        f'<span class="source-of">{_document(item, corpus)} '
        f'<span class="domain">· {escape(item.domain)}</span> '
        f'<span class="where">{escape(item.split)} · window {item.window}, from token {item.start}'
        f" · peak at {item.peak_position}<br>{escape(item.origin)}</span></span>"
        f'<details class="context"><summary aria-label="Full context of window {item.window}">'
        f"{CONTEXT}</summary>{_sending(item, send)}</details>{attention(item, causal)}</li>"
    )


def _sending(item: ExemplarView, send: str | None) -> str:
    if send is None:
        return ""
    return f'<a class="send" href="{escape(send)}{item.window}">open in playground</a>'


def _document(item: ExemplarView, corpus: str | None) -> str:
    title = escape(item.document_title)
    if corpus is None:
        return title
    return f'<a href="/corpora/{part(corpus)}/{item.document}">{title}</a>'
