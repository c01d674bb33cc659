"""What a unit did and what a program says it does, on one window: two strips of the same tokens.

Both stand under each other around the token with the largest error, coloured on one scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from app.rendering.markup import trusted
from app.rendering.numbers import percent_text
from app.rendering.score_bar import number
from app.rendering.strip import strip, visible
from app.store.views.simulation import SimulatedWindow

BEFORE: Final = 12
"""Tokens of context that the text alternative has."""


@dataclass(frozen=True)
class Row:
    """One of the two rows, as a strip."""

    tokens: list[str]
    token_ids: list[int]
    activations: Sequence[float | None]
    peak_position: int
    attention: None = None

    @property
    def peak(self) -> float:
        return self.activations[self.peak_position] or 0.0


def simulated(window: SimulatedWindow, scale: float, counted_from: int) -> Markup:
    """A list item with both strips and the window's share of the squared error."""
    at = worst_position(window, counted_from)
    rows = "".join(
        f'<span class="sim-label">{name}</span>'
        f"{_strip(window, values, at, name, scale, counted_from)}"
        for name, values in (("real", window.actual), ("simulated", window.predicted))
    )
    return trusted(
        f'<li class="simulated" data-window="{window.window}">'
        f'<span class="share"><span class="visually-hidden">share of the squared error: </span>'
        f"{percent_text(window.share)}</span>"
        f'<div class="pair">{rows}</div>'
        f'<span class="source-of">{escape(window.document_title)} <span class="domain">· window '
        f"{window.window}</span></span></li>"
    )


def _strip(
    window: SimulatedWindow,
    values: Sequence[float | None],
    at: int,
    name: str,
    scale: float,
    counted_from: int,
) -> Markup:
    row = Row(window.tokens, window.token_ids, values, at)
    return strip(row, scale, counted_from, label=f"{name.capitalize()}. {spoken(window, at)}")


def worst_position(window: SimulatedWindow, counted_from: int) -> int:
    """Where actual and predicted differ most; the first of equals."""
    errors = [
        (abs(predicted - actual), -position)
        for position, (actual, predicted) in enumerate(
            zip(window.actual, window.predicted, strict=True)
        )
        if actual is not None and position >= counted_from
    ]
    return -max(errors, default=(0.0, 0))[1]


def spoken(window: SimulatedWindow, at: int) -> str:
    """The token with the largest error, what was there and what was said, and the text before."""
    if at >= len(window.tokens):
        return "No token counts."
    actual = window.actual[at]
    real = "not finite" if actual is None else number(actual)
    before = "".join(window.tokens[max(0, at - BEFORE) : at])
    words = " ".join(f"{before}[{window.tokens[at]}]".split())
    return (
        f"Largest error at token “{visible(window.tokens[at])}”, position {at}: real {real}, "
        f"simulated {number(window.predicted[at])}. Context: {words}"
    )
