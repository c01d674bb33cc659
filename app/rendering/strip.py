"""One exemplar's tokens as coloured text, quickly: markup is joined from escaped pieces.

A strip shows three rings around the peak: `near` tokens always, `far` ones where there is room,
`outside` ones when the full context is opened. Before and after the peak are two boxes, so that
the peaks of many strips stand under each other. Ids and values travel in two attributes, from
which the page's readout reads them.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from operator import add
from typing import Final, Protocol

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from app.rendering.colours import LEVELS
from app.rendering.markup import trusted
from app.rendering.numbers import exact
from app.store.views.unit import AttentionView

NEAR_BEFORE: Final = 9
NEAR_AFTER: Final = 6
FAR_BEFORE: Final = 28
FAR_AFTER: Final = 24
SPOKEN_BEFORE: Final = 12
SPOKEN_AFTER: Final = 5

_BOUNDS: Final = np.array(
    [(10 ** (((step - 0.5) / LEVELS - 0.05) / 0.95) - 1) / 9 for step in range(2, LEVELS + 1)]
)
"""Shares of the maximum at which the next level begins; the inverse of the opacity law."""

_BEGINNINGS: Final = [
    f'<i class="{name}'
    for name in (
        *(f"t-n{step}" for step in range(LEVELS, 0, -1)),
        "",
        *(f"t-p{step}" for step in range(1, LEVELS + 1)),
        "t-x",
    )
]
"""Of a token's element: from the most negative level over 0 to the most positive; last, what is
not finite."""
_NOT_COUNTED: Final = '<i class="t-o'

_PICTURES: Final = {
    **{code: chr(0x2400 + code) for code in range(32)},
    ord("\t"): "⇥",
    ord("\n"): "↵",
    0x7F: "␡",
    ord(" "): "·",
    0xA0: "⍽",
    **{
        code: f"⟨U+{code:04X}⟩"
        for start, stop in ((0xAD, 0xAE), (0x200B, 0x2010), (0x2028, 0x202F), (0x2060, 0x206A))
        for code in range(start, stop)
    },
    0xFEFF: "⟨U+FEFF⟩",
}


@lru_cache(maxsize=200_000)
def visible(token: str) -> str:
    """The token with its white space and invisible characters as signs."""
    return token.translate(_PICTURES) if token else "∅"


class _Tails(dict[str, str]):
    """What follows a token's colour and marks in its element: layout classes and text.

    Made once for each token and kept: a page draws thousands. One leading space stays a space, and
    is drawn by `w`.
    """

    def __missing__(self, token: str) -> str:
        layout, space, text = " nl" if token.endswith("\n") else "", "", token
        if token.startswith(" ") and len(token) > 1 and not token[1].isspace():
            layout, space, text = layout + " w", " ", token[1:]
        if len(self) >= KEPT_TOKENS:
            self.clear()
        tail = self[token] = f'{layout}">{space}{escape(visible(text))}</i>'
        return tail


KEPT_TOKENS: Final = 300_000
_tails: Final = _Tails()


class Line(Protocol):
    """What a strip shows: an exemplar, or one of the two rows of a simulated window."""

    @property
    def tokens(self) -> list[str]: ...
    @property
    def token_ids(self) -> list[int]: ...
    @property
    def activations(self) -> Sequence[float | None]: ...
    @property
    def peak(self) -> float: ...
    @property
    def peak_position(self) -> int: ...
    @property
    def attention(self) -> AttentionView | None: ...


def strip(
    exemplar: Line,
    scale: float,
    counted_from: int = 0,
    label: str | None = None,
    fires_at: Sequence[int] = (),
) -> Markup:
    """The strip, coloured against `scale`, the activation that has the full colour.

    Tokens before `counted_from`, which statistics leave out, are not coloured but marked. `label`
    is its text alternative where it is not about the peak. Tokens `fires_at` have a line above.
    """
    peak = exemplar.peak_position
    values = exemplar.activations[: len(exemplar.tokens)]
    pieces = _pieces(exemplar, values, scale, counted_from, fires_at)
    before = _rings(pieces[:peak], len(pieces[:peak]) - FAR_BEFORE, peak - NEAR_BEFORE)
    after = _rings_after(pieces[peak:])
    return trusted(
        f'<div class="strip" role="img" tabindex="0" data-strip data-peak="{peak}"'
        f' data-counted="{counted_from}"'
        f' data-ids="{" ".join(map(str, exemplar.token_ids))}"'
        f' data-values="{_values(values)}"'
        f' aria-label="{escape(label or spoken(exemplar))}">'
        f'<span class="before">{before}</span><span class="after">{after}</span></div>'
    )


def spoken(exemplar: Line) -> str:
    """The strip in words: the peak's value, token and place, and the text around it."""
    peak, tokens = exemplar.peak_position, exemplar.tokens
    if peak >= len(tokens):
        return f"Peak {exact(exemplar.peak)} at position {peak}, whose token is not stored."
    before = "".join(tokens[max(0, peak - SPOKEN_BEFORE) : peak])
    after = "".join(tokens[peak + 1 : peak + 1 + SPOKEN_AFTER])
    words = " ".join(f"{before}[{tokens[peak]}]{after}".split())
    return (
        f"Peak {exact(exemplar.peak)} at token “{visible(tokens[peak])}”, "
        f"position {peak} of {len(tokens)}. Context: {words}"
    )


def _pieces(
    exemplar: Line,
    values: Sequence[float | None],
    scale: float,
    counted_from: int,
    fires_at: Sequence[int],
) -> list[str]:
    """The elements of the tokens. Columns are joined by functions that run in C: a page has
    thousands of tokens."""
    beginnings = _beginnings(values, scale)
    beginnings[:counted_from] = [_NOT_COUNTED] * len(beginnings[:counted_from])
    marks = [(exemplar.peak_position, " peak")]
    marks += [(at, " " + source_class(weight)) for at, weight in peak_sources(exemplar)]
    marks += [(at, " fires") for at in fires_at]
    for position, mark in marks:
        if position < len(beginnings):
            beginnings[position] += mark
    return list(map(add, beginnings, map(_tails.__getitem__, exemplar.tokens)))


def _beginnings(values: Sequence[float | None], scale: float) -> list[str]:
    numbers = np.array(values, dtype=np.float64)
    places = np.searchsorted(_edges(scale), numbers, side="right")
    return [_BEGINNINGS[place] for place in places.tolist()]


@lru_cache(maxsize=64)
def _edges(scale: float) -> NDArray[np.float64]:
    """The least number of each of `_BEGINNINGS` but the first; every page has one scale."""
    bounds = _BOUNDS * scale if scale else np.full(len(_BOUNDS), np.inf)
    past = np.nextafter([*-bounds[::-1], 0.0], np.inf)
    past[-1] = 0.0
    return np.array([*past, np.nextafter(0.0, 1.0), *bounds, np.nan])


def source_class(weight: float) -> str:
    """`s-1` to `s-4`: an attention weight below 10, 25, 50 per cent, or above."""
    return f"s-{1 + bisect_right((0.1, 0.25, 0.5), weight)}"


def peak_sources(exemplar: Line) -> list[tuple[int, float]]:
    """(position, weight) of what the peak reads most, where that is known."""
    attention, peak = exemplar.attention, exemplar.peak_position
    if attention is None or peak >= len(attention.sources):
        return []
    pairs = zip(attention.sources[peak], attention.weights[peak], strict=True)
    return [(position, weight) for position, weight in pairs if weight > 0.005]


def _rings(pieces: list[str], far: int, near: int) -> str:
    far, near = max(0, far), max(0, near)
    return (
        f'<span class="outside">{"".join(pieces[:far])}</span>'
        f'<span class="far">{"".join(pieces[far:near])}</span>'
        f'<span class="near">{"".join(pieces[near:])}</span>'
    )


def _rings_after(pieces: list[str]) -> str:
    return (
        f'<span class="near">{"".join(pieces[:NEAR_AFTER])}</span>'
        f'<span class="far">{"".join(pieces[NEAR_AFTER:FAR_AFTER])}</span>'
        f'<span class="outside">{"".join(pieces[FAR_AFTER:])}</span>'
    )


def _values(values: Sequence[float | None]) -> str:
    if None in values:
        return " ".join(["x" if value is None else f"{value:.4f}" for value in values])
    return ("%.4f " * len(values) % tuple(values))[:-1]  # one formatting is twice as fast as many
