"""Tokens before and after an edit as paired bars, by change, with the control's in grey behind."""

from collections.abc import Iterable
from statistics import median
from typing import Final

from markupsafe import Markup, escape

from analysis.protocol.experiments import PositionEffect, TopToken
from app.rendering.markup import trusted
from app.rendering.numbers import MINUS, percent_text, significant
from app.rendering.strip import visible

WIDTH: Final = 200
ROW: Final = 20
SEEN: Final = 1.5
"""Pixels of what has a probability at all."""
LEAST: Final = 1e-4
"""A smaller share is no different for whoever reads."""


def by_change(tokens: Iterable[TopToken]) -> list[TopToken]:
    """What changed most first, by probability."""
    return sorted(tokens, key=lambda one: (-abs(one.after - one.before), one.id))


def paired(at: PositionEffect) -> Markup:
    """Rows of a table: token, probability before and after, bars, change of logit, control."""
    tokens = by_change(at.top)
    top = max((p for one in tokens for p in (one.before, one.after, *one.controls)), default=1.0)
    return trusted("".join(_row(one, top or 1.0) for one in tokens))


def _row(one: TopToken, top: float) -> str:
    control = _share(median(one.controls)) if one.controls else ""
    return (
        f'<tr><th scope="row"><code class="token">{escape(visible(one.text))}</code></th>'
        f'<td class="num">{_share(one.before)}</td><td class="num">{_share(one.after)}'
        f'</td><td class="bars-cell">{_bars(one, top)}</td>'
        f'<td class="num">{signed(one.logit_change)}</td><td class="num note">{control}</td></tr>'
    )


def _share(p: float) -> str:
    return percent_text(p) if p >= LEAST or p == 0 else f"&lt; {percent_text(LEAST)}"


def _bars(one: TopToken, top: float) -> str:
    grey = "".join(
        f'<path class="control" d="M0 2h{_x(p, top)}v{ROW - 4}H0z"/>' for p in one.controls
    )
    side = "rises" if one.after >= one.before else "falls"
    return (
        f'<svg class="paired" width="{WIDTH}" height="{ROW}" viewBox="0 0 {WIDTH} {ROW}"'
        f' aria-hidden="true">{grey}<path class="before" d="M0 5h{_x(one.before, top)}v3.5H0z"/>'
        f'<path class="{side}" d="M0 10.5h{_x(one.after, top)}v5H0z"/></svg>'
    )


def _x(p: float, top: float) -> str:
    return f"{max(SEEN if p > 0 else 0.0, (WIDTH - 2) * p / top):.1f}"


def signed(value: float | None) -> Markup:
    """With a + or −."""
    if value is None:
        return Markup('<span class="undefined">undefined</span>')
    sign = "+" if value > 0 else "" if value == 0 else MINUS
    return trusted(f'<data value="{value!r}">{sign}{significant(abs(value))}</data>')
