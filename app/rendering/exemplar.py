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
    beyond: tuple[float | None, str] | None = None,
    silent: str = "silent",
) -> Markup:
    """A list item; joined here and not by the template, because a page has dozens.

    `send`: the address that opens a window in the playground, without the window's number.
    `beyond`: threshold and tail (upper, lower); tokens at which it fires are then marked, and it is
    said how many these are, or `silent`.
    """
    fires_at = firing_at(item, beyond, counted_from)
    sign = "is-negative" if item.peak < 0 else "is-positive"
    return trusted(
        f'<li class="exemplar" data-window="{item.window}">'
        f'<span class="peak-value {sign}">{number(item.peak)}</span>'
        f"{strip(item, scale, counted_from, fires_at=fires_at or ())}"
        f'<span class="source-of">{_firing(fires_at, silent)}{_document(item, corpus)} '
        f'<span class="domain">· {escape(item.domain)}</span> '
        f'<span class="where">{escape(item.split)} · window {item.window}, from token {item.start}'
        f" · peak at {item.peak_position}<br>{escape(item.origin)}</span></span>"
        f'<details class="context"><summary aria-label="Full context of window {item.window}">'
        f"{CONTEXT}</summary>{_sending(item, send)}</details>{attention(item, causal)}</li>"
    )


def firing_at(
    item: ExemplarView, beyond: tuple[float | None, str] | None, counted_from: int
) -> list[int] | None:
    """Positions at which it fires; None where it is not known when it does."""
    if beyond is None or beyond[0] is None:
        return None
    threshold, sign = beyond[0], -1 if beyond[1] == "lower" else 1
    return [
        at
        for at, value in enumerate(item.activations[: len(item.tokens)])
        if at >= counted_from and value is not None and sign * value > sign * threshold
    ]


def _firing(fires_at: list[int] | None, silent: str) -> str:
    if fires_at is None:
        return ""
    n = len(fires_at)
    said = f"fires at {n:,} token{'' if n == 1 else 's'}" if n else silent
    return f'<span class="firing">{escape(said)}</span> '


def _sending(item: ExemplarView, send: str | None) -> str:
    if send is None:
        return ""
    return f'<a class="send" href="{escape(send)}{item.window}">open in playground</a>'


def _document(item: ExemplarView, corpus: str | None) -> str:
    title = escape(item.document_title)
    if corpus is None:
        return title
    return f'<a href="/corpora/{part(corpus)}/{item.document}">{title}</a>'
