"""KL over the positions of a prompt: tokens coloured by it, and a profile beside the control's.

Colours are those of token strips: the full one is the largest KL of the edited run, on a log scale.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from markupsafe import Markup, escape

from analysis.protocol.experiments import ExperimentAnswer, PositionEffect
from app.rendering.colours import level
from app.rendering.markup import trusted
from app.rendering.numbers import significant
from app.rendering.strip import visible

NOTHING: Final = 1e-6
"""Nats. Less is what rounding leaves, and has no colour."""
HEIGHT: Final = 56
LEFT: Final = 46
WIDEST: Final = 18.0
"""A bar's, where there are enough of them to be as wide as `NARROWEST` together."""
NARROWEST: Final = 240.0
WIDTH: Final = 720.0
LOWEST: Final = 1e-5
"""Where the axis of the profile begins at most, in nats: of small effects further down."""
DECADES: Final = 2
"""So many at least lie below the largest KL, where that is not rounding."""
LEAST: Final = 1.5
"""Pixels of what is more than nothing."""


def heat(answer: ExperimentAnswer, slug: str, at: int | None) -> Markup:
    """A link per token: to the tokens that are predicted there, before and after."""
    scale = max((one.kl for one in answer.positions), default=0.0)
    by_position = {one.position: one for one in answer.positions}
    links = "".join(
        _token(slug, position, token.text, by_position.get(position), scale, at)
        for position, token in enumerate(answer.tokens)
    )
    return trusted(
        f'<nav class="heat" aria-label="Positions, coloured by KL" data-roving>{links}</nav>'
    )


def _token(
    slug: str,
    position: int,
    text: str,
    one: PositionEffect | None,
    scale: float,
    at: int | None,
) -> str:
    colour = f"t-p{level(one.kl, scale)}" if one is not None and one.kl > NOTHING else ""
    broken = " nl" if text.endswith("\n") else ""
    current = ' aria-current="true"' if position == at else ""
    if one is None:
        return f'<span class="tok{broken}">{escape(visible(text))}</span>'
    told = f"{visible(text)}, position {position}, KL {significant(one.kl)} nats"
    href = f"/experiments/{escape(slug)}?position={position}"
    return (
        f'<a class="tok {colour}{broken}" href="{href}" hx-get="{href}" hx-target="#at"'
        f' hx-swap="outerHTML" hx-sync="closest nav:replace" data-position="{position}"'
        f' title="{escape(told)}" aria-label="{escape(told)}"{current}>{escape(visible(text))}</a>'
    )


def profile(answer: ExperimentAnswer) -> Markup:
    """KL by position on a log axis: bars of the edit, behind them in grey the control's; of several
    controls their median, with a line at the largest."""
    positions = answer.positions
    if not positions:
        return Markup("")
    top = max(*(one.kl for one in positions), *_controls(positions), NOTHING * 10)
    axis = (_lowest(top), top)
    step = min(max(WIDEST, NARROWEST / len(positions)), WIDTH / len(positions))
    width = step * len(positions)
    gap = 1 if step > 3 else 0
    grey = "".join(
        _bar(i * step, step - gap, median(one.kl_controls), axis)
        for i, one in enumerate(positions)
        if one.kl_controls
    )
    most = "".join(
        f"M{i * step:.1f} {_y(max(one.kl_controls), axis):.1f}h{max(step - gap, 0.6):.1f}"
        for i, one in enumerate(positions)
        if len(one.kl_controls) > 1
    )
    own = "".join(
        _bar(i * step + step * 0.2, (step - gap) * 0.6, one.kl, axis)
        for i, one in enumerate(positions)
    )
    decades = [10.0**d for d in range(round(math.log10(axis[0])), math.floor(math.log10(top)) + 1)]
    grid = "".join(
        f'<path class="grid" d="M{LEFT} {_y(d, axis):.1f}h{width:.1f}"/>'
        f'<text class="label end" x="{LEFT - 4}" y="{_y(d, axis) + 3:.1f}">'
        f"{significant(d, 1)}</text>"
        for d in decades[:: 1 if len(decades) < 4 else 2]
    )
    return trusted(
        f'<svg class="profile" width="{width + LEFT + 4:.0f}" height="{HEIGHT + 8}"'
        f' viewBox="0 0 {width + LEFT + 4:.0f} {HEIGHT + 8}" role="img"'
        f' aria-label="{_said(answer)}">'
        f'{grid}<g transform="translate({LEFT} 0)"><path class="control" d="{grey}"/>'
        f'<path class="most" d="{most}"/>'
        f'<path class="edited" d="{own}"/><path class="axis" d="M0 {HEIGHT}H{width:.1f}"/>'
        "</g></svg>"
    )


def _controls(positions: Sequence[PositionEffect]) -> list[float]:
    return [kl for one in positions for kl in one.kl_controls]


def _lowest(top: float) -> float:
    """Where the axis begins: a decade, so low that the largest KL has a bar to be seen."""
    return min(LOWEST, max(NOTHING, 10.0 ** (math.floor(math.log10(top)) - DECADES)))


def _y(kl: float, axis: tuple[float, float]) -> float:
    low, top = axis
    share = math.log10(max(kl, low) / low) / math.log10(top / low)
    return HEIGHT - (HEIGHT - 6) * share


def _bar(x: float, width: float, kl: float, axis: tuple[float, float]) -> str:
    if kl <= NOTHING:
        return ""
    y = min(_y(kl, axis), HEIGHT - LEAST)
    return f"M{x:.1f} {HEIGHT}V{y:.1f}h{max(width, 0.6):.1f}V{HEIGHT}z"


def _said(answer: ExperimentAnswer) -> str:
    most = max(answer.positions, key=lambda one: one.kl)
    return (
        f"KL by position, log axis; largest {significant(most.kl)} nats at position "
        f"{most.position}; mean {significant(answer.kl_mean)} nats"
    )
