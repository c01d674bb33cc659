"""Where one value lies among the units of its site: the distribution with a tick, or a place."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from markupsafe import Markup

from app.rendering.markup import trusted
from app.rendering.numbers import number, percent
from app.store.views.model import SummaryView
from app.store.views.unit import UnitRow

WIDTH: Final = 132
HEIGHT: Final = 22
PLACE: Final = 44
SHARES: Final = frozenset({"density", "above"})


def bin_place(edges: Sequence[float], value: float) -> float:
    """How many bins from the left the value lies, fractional, clipped to the axis."""
    index = bisect_right(edges, value) - 1
    if index < 0:
        return 0.0
    if index >= len(edges) - 1:
        return float(len(edges) - 1)
    low, high = edges[index], edges[index + 1]
    return index + ((value - low) / (high - low) if high > low else 0.0)


def percentile(quantiles: Sequence[float], value: float) -> int:
    """The share of the site's units below the value, in whole per cent (ties: the middle).

    Rounded down, so that 100 is the maximum alone.
    """
    return (bisect_left(quantiles, value) + bisect_right(quantiles, value) - 1) // 2


def rank(summary: SummaryView | None, value: float | None) -> int | None:
    if summary is None or value is None or not summary.quantiles:
        return None
    return max(0, min(100, percentile(summary.quantiles, value)))


def used_bins(counts: Sequence[int], margin: int = 1) -> tuple[int, int]:
    """The half-open range of bins that hold something, widened by `margin`."""
    full = [index for index, count in enumerate(counts) if count]
    if not full:
        return 0, len(counts)
    return max(0, full[0] - margin), min(len(counts), full[-1] + 1 + margin)


def distribution(summary: SummaryView | None, value: float | None = None) -> Markup:
    """The site's units as a small histogram (square-root heights), this unit as a tick."""
    if summary is None or not any(summary.counts):
        return Markup('<span class="undefined">no distribution</span>')
    first, step, path = _bars(tuple(summary.counts))
    tick = ""
    if value is not None:
        x = min(WIDTH - 1.0, max(1.0, (bin_place(summary.edges, value) - first) * step))
        tick = f'<path class="tick" d="M{x:.1f} 0V{HEIGHT}"/>'
    return trusted(
        f'<svg class="distribution" width="{WIDTH}" height="{HEIGHT}"'
        f' viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<path class="bars" d="{path}"/><path class="rail" d="M0 {HEIGHT - 2.5}H{WIDTH}"/>'
        f"{tick}</svg>"
    )


@lru_cache(maxsize=4096)
def _bars(counts: tuple[int, ...]) -> tuple[int, float, str]:
    """The first bin drawn, a bin's width, and the bars; every unit of a site has the same."""
    first, last = used_bins(counts)
    step, peak = WIDTH / (last - first), max(counts)
    path = "".join(
        f"M{(i - first) * step:.1f} {HEIGHT - 3}v-{(HEIGHT - 5) * (count / peak) ** 0.5 + 0.5:.1f}"
        f"h{step:.2f}V{HEIGHT - 3}z"
        for i, count in enumerate(counts[first:last], first)
        if count
    )
    return first, step, path


def measured(
    row: UnitRow, names: Sequence[str], summaries: Mapping[str, SummaryView | None]
) -> Markup:
    """The cells of a row: each statistic's value, and its place in the site."""
    cells = []
    for name in names:
        value: float | None = getattr(row, name)
        text = percent(value) if name in SHARES else number(value)
        cells.append(f'<td class="num">{text}{place(rank(summaries.get(name), value))}</td>')
    return trusted("".join(cells))


@lru_cache(maxsize=102)
def place(at: int | None) -> str:
    """A percentile as a mark on a rail, for a table's cell; nothing where there is none."""
    if at is None:
        return ""
    x = 1 + (PLACE - 2) * at / 100
    return (
        f'<svg class="place" width="{PLACE}" height="9" viewBox="0 0 {PLACE} 9" aria-hidden="true">'
        f'<path class="rail" d="M0 7.5H{PLACE}"/><path class="tick" d="M{x:.1f} 1V8"/></svg>'
    )
