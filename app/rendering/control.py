"""What an edit did beside the same edit of units drawn at random: one axis, a mark for each."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from markupsafe import Markup

from analysis.protocol.experiments import ExperimentAnswer, LayerMovement
from app.rendering.markup import trusted
from app.rendering.numbers import significant

WIDTH: Final = 320
LEFT: Final = 18
LOWEST: Final = 1e-7
BAR: Final = 13
TALL: Final = 64
MARGIN: Final = 52
"""Left of the layers, for the longest number with two digits: 0.00041."""
LEAST: Final = 1.5
"""Pixels of what moved at all."""


def spread(answer: ExperimentAnswer) -> Markup:
    """Mean KL of the edit and of every control on one log axis."""
    values = [answer.kl_mean, *answer.kl_mean_controls]
    low = math.floor(math.log10(max(LOWEST, min(values) or LOWEST)))
    high = max(math.ceil(math.log10(max(LOWEST, *values))), low + 1)

    def x(kl: float) -> float:
        share = (math.log10(max(kl, 10.0**low)) - low) / (high - low)
        return LEFT + (WIDTH - 2 * LEFT) * min(max(share, 0.0), 1.0)

    every = max(1, math.ceil((high - low) / 5))
    ticks = "".join(
        f'<path class="axis" d="M{x(10.0**d):.1f} 26v4"/><text class="label middle"'
        f' x="{x(10.0**d):.1f}" y="41">{significant(10.0**d, 1)}</text>'
        for d in range(low, high + 1, every)
    )
    dots = "".join(
        f'<circle class="control" cx="{x(kl):.1f}" cy="20" r="4"/>'
        for kl in answer.kl_mean_controls
    )
    said = f"Mean KL of the edit {significant(answer.kl_mean)} nats; of controls " + ", ".join(
        map(significant, answer.kl_mean_controls)
    )
    return trusted(
        f'<svg class="spread" viewBox="0 0 {WIDTH} 46" width="{WIDTH}" height="46" role="img"'
        f' aria-label="{said}"><path class="axis" d="M{LEFT} 26H{WIDTH - LEFT}"/>{ticks}{dots}'
        f'<path class="edited" d="M{x(answer.kl_mean):.1f} 26l-5 -13h10z"/></svg>'
    )


def times_control(answer: ExperimentAnswer) -> str:
    """How the edit's mean KL compares with the controls', in words; "" without controls."""
    controls = answer.kl_mean_controls
    if not controls:
        return ""
    mean = sum(controls) / len(controls)
    whom = "the control" if len(controls) == 1 else f"the mean of {len(controls)} controls"
    if mean <= 0:
        return f"{whom} changed nothing" if answer.kl_mean > 0 else f"as {whom}: nothing changed"
    above = sum(kl >= answer.kl_mean for kl in controls)
    rank = "" if len(controls) == 1 else f"; {above} of them did as much or more"
    return f"{significant(answer.kl_mean / mean, 2)} times {whom}{rank}"


def of_controls(values: Sequence[float | None], less: float | None = None) -> str:
    """One control's number, or the median of several and between which they lie; `less`: what each
    is compared with."""
    told = sorted(value - (less or 0.0) for value in values if value is not None)
    plus = "" if less is None else "+"
    words = [f"{plus if value > 0 else ''}{significant(value)}" for value in told]
    if len(words) <= 1:
        return "".join(words)
    middle = median(told)
    return (
        f"median {plus if middle > 0 else ''}{significant(middle)} of {len(words)}, "
        f"{words[0]} to {words[-1]}"
    )


def movement(layers: Sequence[LayerMovement], kind: str) -> Markup:
    """How far each layer's units of one kind moved: bars, the control's in grey behind."""
    rows = [one for one in layers if one.site.startswith(f"{kind}.")]
    if not rows:
        return Markup("")
    top = max((v for one in rows for v in (one.moved, one.control or 0.0)), default=0.0) or 1.0
    width = MARGIN + BAR * len(rows)
    parts = []
    for place, one in enumerate(rows):
        x = MARGIN + BAR * place
        name = one.site.partition(".")[2]
        if one.control is not None:
            parts.append(_column("control", x, BAR - 1, one.control / top))
        parts.append(_column("edited", x + 3, BAR - 7, one.moved / top))
        if place % 2 == 0:
            parts.append(
                f'<text class="label middle" x="{x + BAR / 2 - 0.5:.1f}" y="{TALL + 20}">{name}'
                "</text>"
            )
    most = max(rows, key=lambda one: one.moved)
    return trusted(
        f'<svg class="movement" width="{width}" height="{TALL + 24}"'
        f' viewBox="0 0 {width} {TALL + 24}" role="img" aria-label="Movement by layer, {kind}:'
        f' most in {most.site}, {significant(most.moved)}"><text class="label end"'
        f' x="{MARGIN - 4}" y="12">{significant(top, 2)}</text>'
        f'<path class="axis" d="M{MARGIN} {TALL + 8}H{width}"/>'
        f"{''.join(parts)}</svg>"
    )


def _column(name: str, x: float, width: float, share: float) -> str:
    height = max(TALL * share, LEAST if share > 0 else 0.0)
    return f'<path class="{name}" d="M{x:.1f} {TALL + 8}v-{height:.1f}h{width:.1f}v{height:.1f}z"/>'
