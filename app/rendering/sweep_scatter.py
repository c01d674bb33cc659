"""A sweep of edits drawn: what the gradient said each unit would do against what it did."""

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from analysis.protocol.sweeps import EditSweepAnswer, EditSweepRow
from app.rendering.markup import trusted
from app.rendering.numbers import significant

SIDE: Final = 340
LEFT: Final = 46
BOTTOM: Final = 34


def sweep_scatter(answer: EditSweepAnswer) -> Markup:
    """Estimate across, measured effect up, on one scale; the diagonal is agreement."""
    rows = [row for row in answer.rows if row.effect is not None]
    if not rows:
        return Markup('<p class="undefined">No edit was run: there is nothing to compare.</p>')
    reach = max(max(abs(row.estimate), abs(row.effect or 0.0)) for row in rows) or 1.0
    bend = _bend(rows)

    def place(value: float) -> float:
        return math.copysign(math.asinh(abs(value) / bend), value) / math.asinh(reach / bend)

    def x(value: float) -> float:
        return LEFT + (SIDE - LEFT - 8) * (0.5 + 0.5 * place(value))

    def y(value: float) -> float:
        return 8 + (SIDE - BOTTOM - 8) * (0.5 - 0.5 * place(value))

    ticks = [-reach, 0.0, reach]
    axes = "".join(
        f'<path class="grid" d="M{x(t):.1f} 8V{SIDE - BOTTOM}M{LEFT} {y(t):.1f}H{SIDE - 8}"/>'
        f'<text class="label {_anchor(t)}" x="{x(t):.1f}" y="{SIDE - BOTTOM + 13}">'
        f"{significant(t, 2)}</text>"
        f'<text class="label end" x="{LEFT - 4}" y="{y(t) + 3:.1f}">{significant(t, 2)}</text>'
        for t in ticks
    )
    chosen = "".join(
        f"M{x(r.estimate):.1f} {y(r.effect or 0.0):.1f}h0" for r in rows if not r.drawn
    )
    drawn = "".join(f"M{x(r.estimate):.1f} {y(r.effect or 0.0):.1f}h0" for r in rows if r.drawn)
    r = "undefined" if answer.r is None else significant(answer.r)
    return trusted(
        f'<svg class="sweep-scatter" viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="Estimate'
        f' against measured effect of {len(rows)} units; Pearson r {r}; both axes bend near 0">'
        f'{axes}<path class="agree" d="M{x(-reach):.1f} {y(-reach):.1f}L{x(reach):.1f}'
        f' {y(reach):.1f}"/><path class="dots chosen" d="{chosen}"/>'
        f'<path class="dots drawn" d="{drawn}"/>'
        f'<text class="label middle" x="{(LEFT + SIDE) / 2:.0f}" y="{SIDE - 4}">estimate (AtP)'
        f'</text><text class="label" x="4" y="{(SIDE - BOTTOM) / 2 - 12:.0f}">effect</text></svg>'
    )


def _bend(rows: Sequence[EditSweepRow]) -> float:
    """Where the axes turn from linear to logarithmic: the median size of an effect."""
    sizes = sorted(abs(row.effect or 0.0) for row in rows)
    return max(sizes[len(sizes) // 2], 1e-9)


def _anchor(tick: float) -> str:
    return "middle" if tick == 0 else "end" if tick > 0 else ""
