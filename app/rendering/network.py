"""The map of the network: a row per layer, a column per bin of one statistic, colour for share.

Comes in: the summaries of one statistic for the sites of one kind. Goes out: an SVG whose cells
are links to the site's table, filtered to the bin. Layer 0 is at the bottom. At the right margin
each layer's own histogram on a linear scale, and its median.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markupsafe import Markup, escape

from app.rendering.addresses import ModelPages
from app.rendering.colours import STEPS, share_step
from app.rendering.marks import SHARES, used_bins
from app.rendering.markup import trusted
from app.rendering.numbers import percent_text, significant
from app.store.views.model import SummaryView

FILTERED: Final = ("density", "maximum", "kurtosis")
"""Statistics by which a site's table can be filtered."""

LEFT: Final = 42
CELLS: Final = 440
GAP: Final = 12
MARGIN: Final = 88
MEDIAN: Final = 58
TOP: Final = 20
TICK_GAP: Final = 58
LEAST_BINS: Final = 12


def network(summaries: Sequence[SummaryView], pages: ModelPages, noun: str = "units") -> Markup:
    rows = sorted(summaries, key=lambda summary: -summary.layer)
    if not rows or not any(any(row.counts) for row in rows):
        return Markup('<p class="undefined">Nothing to map yet: no unit has this statistic.</p>')
    totals = [sum(column) for column in zip(*(row.counts for row in rows), strict=True)]
    first, last = _widened(*used_bins(totals, margin=0), len(totals))
    height = 16 if len(rows) <= 40 else 10
    step = CELLS / (last - first)
    base = TOP + height * len(rows)
    columns = _columns(rows[0], first, last, step)
    body = "".join(
        _row(row, pages, noun, TOP + height * i, height, columns, first, last)
        for i, row in enumerate(rows)
    )
    name = f"Map of {noun} by layer and {rows[0].statistic}"
    return trusted(
        f'<svg class="network" viewBox="0 0 {LEFT + CELLS + GAP + MARGIN + MEDIAN} {base + 32}"'
        f' role="group" aria-label="{escape(name)}" data-network data-height="{height}">'
        f'<text class="label end" x="{LEFT - 8}" y="{TOP - 7}">layer</text>'
        f'<text class="label" x="{LEFT + CELLS + GAP}" y="{TOP - 7}">linear counts</text>'
        f'<text class="label end" x="{LEFT + CELLS + GAP + MARGIN + MEDIAN - 2}" y="{TOP - 7}">'
        f"median</text>{body}{_axis(rows[0].edges, first, last, step, base)}</svg>"
    )


def _widened(first: int, last: int, n_bins: int) -> tuple[int, int]:
    """The range with at least a dozen bins around it, so that one full bin is no wall."""
    lack = max(0, min(LEAST_BINS, n_bins) - (last - first))
    first = max(0, min(first - lack // 2, n_bins - (last - first) - lack))
    return first, max(last, min(n_bins, first + LEAST_BINS))


@dataclass(frozen=True)
class _Column:
    """What the cells under each other share: all rows have the same bins."""

    place: str
    words: str
    """Escaped."""
    bounds: dict[str, str]
    """Of the filter that leaves the units in it."""


def _columns(row: SummaryView, first: int, last: int, step: float) -> list[_Column]:
    ends = _open_ends(row)
    return [
        _Column(
            place=f'x="{LEFT + (i - first) * step:.1f}" width="{step - 0.6:.1f}"',
            words=f"with {row.statistic} {_range(low, high)}",
            bounds=_bounds(row.statistic, low, high) if row.statistic in FILTERED else {},
        )
        for i, (low, high) in enumerate(pairwise(ends[first : last + 1]), first)
    ]


def _open_ends(row: SummaryView) -> list[float | None]:
    """The edges; None for the outermost where the outer bins also hold what lies beyond them."""
    if row.statistic in SHARES:
        return list(row.edges)
    return [None, *row.edges[1:-1], None]


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return "of any size" if high is None else f"below {significant(high)}"
    return f"{significant(low)} {'or more' if high is None else f'to {significant(high)}'}"


def _bounds(statistic: str, low: float | None, high: float | None) -> dict[str, str]:
    ends = {f"{statistic}_min": low, f"{statistic}_max": high}
    return {key: f"{value:.9g}" for key, value in ends.items() if value is not None}


def _row(
    row: SummaryView,
    pages: ModelPages,
    noun: str,
    y: int,
    height: int,
    columns: Sequence[_Column],
    first: int,
    last: int,
) -> str:
    site = escape(pages.site(row.site, split=row.split))
    total = sum(row.counts) or 1
    name, box = escape(row.site), f'y="{y}" height="{height - 1}"'
    cells = "".join(
        f'<a href="{escape(pages.site(row.site, split=row.split, **column.bounds))}"'
        f' tabindex="-1" aria-label="{name}: {count:,} {noun}'
        f' ({percent_text(count / total)}) {column.words}" data-cell>'
        f'<rect class="q-{share_step(count / total)}" {column.place} {box}/></a>'
        for column, count in zip(columns, row.counts[first:last], strict=True)
        if count
    )
    median = significant(row.quantiles[50], 2) if len(row.quantiles) == 101 and row.n_units else "–"
    x = LEFT + CELLS + GAP + MARGIN + MEDIAN - 2
    return (
        f'<a href="{site}" aria-label="Site {escape(row.site)}"><text class="label end link" '
        f'x="{LEFT - 8}" y="{y + height - 4}">{row.layer}</text></a>{cells}'
        f'<path class="margin" d="{_margin(row, y + height, height, first, last)}"/>'
        f'<text class="label end" x="{x}" y="{y + height - 4}">{median}</text>'
    )


def _margin(row: SummaryView, base: int, height: int, first: int, last: int) -> str:
    peak, step = max(row.counts) or 1, MARGIN / (last - first)
    left = LEFT + CELLS + GAP
    return "".join(
        f"M{left + (i - first) * step:.1f} {base - 1}v-{(height - 3) * row.counts[i] / peak:.1f}"
        f"h{step:.2f}V{base - 1}z"
        for i in range(first, last)
        if row.counts[i]
    )


def _axis(edges: Sequence[float], first: int, last: int, step: float, base: int) -> str:
    every = max(1, round(TICK_GAP / step))
    ticks = "".join(
        f'<path class="axis" d="M{LEFT + (i - first) * step:.1f} {base}v4"/>'
        f'<text class="label middle" x="{LEFT + (i - first) * step:.1f}" y="{base + 15}">'
        f"{significant(edges[i], 2)}</text>"
        for i in range(first, last + 1, every)
    )
    return f'<path class="axis" d="M{LEFT} {base}H{LEFT + CELLS}"/>{ticks}'


def legend() -> Markup:
    """The ramp of the map: from 0.05 % to 100 % of a layer's units, on a log scale."""
    boxes = "".join(
        f'<rect class="q-{k}" x="{(k - 1) * 14}" y="0" width="14" height="10"/>'
        for k in range(1, STEPS + 1)
    )
    return trusted(
        f'<svg class="ramp" width="{14 * STEPS}" height="10" aria-hidden="true">{boxes}</svg>'
    )
