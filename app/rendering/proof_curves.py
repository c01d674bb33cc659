"""Faithfulness and completeness over the size of a circuit, as SVG drawn here.

Across: how many units are kept, on a log axis, none at its left end. Up: the measure, with bands of
95 % over prompts. What lies beyond the drawing (an interval of few prompts may be wide) is cut off
at its edge. The kept size is a line; scripts move a second one to the size that is looked at.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from analysis.protocol.proofs import Curve, CurveOf, Estimate, Point, Proof
from app.rendering.circuit import CURVES, signed_two
from app.rendering.markup import trusted

WIDTH: Final = 460
LEFT, RIGHT, TOP, BOTTOM = 34, 10, 14, 30
LOWEST, HIGHEST = -0.5, 1.5
ORDER: Final[tuple[CurveOf, ...]] = (
    "random", "loudest", "active", "ig", "ig_kept", "circuit",
)  # fmt: skip
"""Drawn in turn, the circuit last and so on top."""


@dataclass(frozen=True)
class Measure:
    name: str
    height: int
    of: Callable[[Point], Estimate | None]


FAITHFULNESS: Final = Measure("faithfulness", 230, lambda point: point.faithfulness)
COMPLETENESS: Final = Measure("completeness", 150, lambda point: point.completeness)


@dataclass(frozen=True)
class _Axes:
    most: int
    """Units at the right end."""
    low: float
    high: float
    height: int

    def x(self, n_units: int) -> float:
        reach = WIDTH - LEFT - RIGHT
        if self.most <= 1:
            return LEFT + reach * min(1, n_units)
        return LEFT + reach * math.log1p(min(n_units, self.most)) / math.log1p(self.most)

    def y(self, value: float) -> float:
        share = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return TOP + (self.height - TOP - BOTTOM) * (1 - share)

    @property
    def base(self) -> float:
        return self.height - BOTTOM


def faithfulness_curves(proof: Proof) -> Markup:
    return _drawing(proof, FAITHFULNESS)


def completeness_curves(proof: Proof) -> Markup:
    """Nothing where it was not measured."""
    return _drawing(proof, COMPLETENESS)


def _drawing(proof: Proof, measure: Measure) -> Markup:
    curves = [curve for of in ORDER for curve in proof.curves if curve.of == of]
    known = {
        curve.of: [point for point in _sorted(curve) if measure.of(point) is not None]
        for curve in curves
    }
    points = [point for some in known.values() for point in some]
    if not points:
        return Markup("")
    axes = _axes(points, proof, measure)
    lines = "".join(_curve(of, some, axes, measure) for of, some in known.items() if some)
    kept = axes.x(proof.n_kept)
    side = "end" if kept > WIDTH - 90 else ""
    label = f"{proof.n_kept:,} kept"
    return trusted(
        f'<svg class="proof-curves" viewBox="0 0 {WIDTH} {axes.height}" role="img"'
        f' aria-label="{escape(_spoken(known, measure, proof.n_kept))}" data-curves=""'
        f' data-most="{axes.most}" data-left="{LEFT}" data-right="{WIDTH - RIGHT}">'
        f"{_grid(axes)}{lines}"
        f'<path class="kept" d="M{kept:.1f} {TOP}V{axes.base}"/>'
        f'<text class="label {side}" x="{kept + (-4 if side else 4):.1f}" y="{TOP - 4}">{label}'
        f'</text><path class="looked-at" d="M0 {TOP}V{axes.base}" data-here="" visibility="hidden"'
        "/>"
        f'<text class="label end" x="{WIDTH - RIGHT}" y="{axes.height - 2}">units kept, log</text>'
        f'<text class="label" x="{LEFT}" y="{axes.height - 2}">{measure.name}</text></svg>'
    )


def _axes(points: Sequence[Point], proof: Proof, measure: Measure) -> _Axes:
    ends = [
        number
        for point in points
        if (found := measure.of(point)) is not None
        for number in (found.value, found.low, found.high)
        if number is not None
    ]
    low = max(LOWEST, min(0.0, *ends))
    high = min(HIGHEST, max(1.0, *ends))
    most = max(proof.n_kept, *(point.n_units for point in points))
    return _Axes(most, low, high, measure.height)


def _grid(axes: _Axes) -> str:
    ticks = [10**d for d in range(6) if 10**d < axes.most * 0.6] + [axes.most]
    across = "".join(
        f'<path class="grid" d="M{axes.x(n):.1f} {TOP}V{axes.base}"/>'
        f'<text class="label {"end" if n == axes.most else "middle"}" x="{axes.x(n):.1f}"'
        f' y="{axes.base + 12}">{n:,}</text>'
        for n in ticks
    )
    levels = [at / 2 for at in range(-1, 4) if axes.low <= at / 2 <= axes.high]
    up = "".join(
        f'<path class="{"axis" if at == 0 else "grid"}" d="M{LEFT} {axes.y(at):.1f}'
        f'H{WIDTH - RIGHT}"/><text class="label end" x="{LEFT - 5}" y="{axes.y(at) + 3:.1f}">'
        f"{signed_two(at)[:-1]}</text>"
        for at in levels
    )
    return across + up


def _curve(of: str, points: Sequence[Point], axes: _Axes, measure: Measure) -> str:
    found = [(point.n_units, value) for point in points if (value := measure.of(point))]
    line = "L".join(f"{axes.x(n):.1f} {axes.y(value.value):.1f}" for n, value in found)
    dots = "".join(f"M{axes.x(n):.1f} {axes.y(value.value):.1f}h0" for n, value in found)
    return (
        f'<g class="curve curve-{of}">{_band(found, axes)}<path class="line" d="M{line}"/>'
        f'<path class="points" d="{dots}"/></g>'
    )


def _band(found: Iterable[tuple[int, Estimate]], axes: _Axes) -> str:
    known = [(n, v.low, v.high) for n, v in found if v.low is not None and v.high is not None]
    if len(known) < 2:
        return ""
    there = [f"{axes.x(n):.1f} {axes.y(high):.1f}" for n, _, high in known]
    back = [f"{axes.x(n):.1f} {axes.y(low):.1f}" for n, low, _ in reversed(known)]
    return f'<path class="band" d="M{"L".join(there + back)}Z"/>'


def _sorted(curve: Curve) -> list[Point]:
    return sorted(curve.points, key=lambda point: point.n_units)


def _spoken(known: Mapping[CurveOf, Sequence[Point]], measure: Measure, n_kept: int) -> str:
    said = []
    for of, points in known.items():
        if points:
            near = min(points, key=lambda point: abs(point.n_units - n_kept))
            value = measure.of(near)
            told = "" if value is None else signed_two(value.value)
            said.append(f"{CURVES[of]} {told} at {near.n_units:,}")
    name = measure.name.capitalize()
    return f"{name} over the number of units kept; {n_kept:,} are kept. {'; '.join(said)}."
