"""The histogram of a unit's activations: sign-log x, log counts, the threshold marked, as SVG."""

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from app.rendering.marks import bin_place, used_bins
from app.rendering.markup import trusted
from app.rendering.numbers import percent_text, significant
from app.store.views.unit import HistogramView, StatisticsView

LEFT: Final = 34
WIDTH: Final = 380
TOP: Final = 12
HEIGHT: Final = 118
LABEL_GAP: Final = 30


def histogram(statistics: Sequence[StatisticsView], split: str) -> Markup:
    """The split's counts as bars, other splits as outlines scaled to the same total."""
    shown = next((s for s in statistics if s.split == split), None)
    if shown is None or not any(shown.histogram.counts):
        return Markup('<p class="undefined">No activation was binned.</p>')
    view = shown.histogram
    first, last = used_bins(view.counts, margin=2)
    top = math.log10(1 + max(view.counts))
    frame = _Frame(first, last, top)
    zero = min(max(round(bin_place(view.edges, 0.0)), first), last)
    parts = [
        _y_axis(frame),
        f'<path class="bar-n" d="{frame.steps(view.counts, first, zero)}"/>',
        f'<path class="bar-p" d="{frame.steps(view.counts, zero, last)}"/>',
        *(_outline(frame, view, other) for other in statistics if other.split != split),
        _x_axis(frame, view.edges),
        _threshold(frame, view.edges, shown.threshold),
    ]
    return trusted(
        f'<svg class="histogram" viewBox="0 0 {LEFT + WIDTH + 6} {TOP + HEIGHT + 30}" role="img"'
        f' aria-label="{escape(_words(shown, first, last))}">{"".join(parts)}</svg>'
    )


class _Frame:
    """Places bins and counts in the drawing."""

    def __init__(self, first: int, last: int, top: float) -> None:
        self.first, self.last, self.top = first, last, top or 1.0
        self.step = WIDTH / (last - first)
        self.rights = [f"H{self.x(i + 1):.1f}" for i in range(first, last)]

    def x(self, bins: float) -> float:
        return LEFT + (min(max(bins, self.first), self.last) - self.first) * self.step

    def y(self, count: float) -> float:
        return TOP + HEIGHT * (1 - min(1.0, math.log10(1 + count) / self.top))

    def steps(self, counts: Sequence[float], first: int, last: int) -> str:
        """A closed step outline over the bins first to last."""
        if first >= last:
            return ""
        return (
            f"M{self.x(first):.1f} {TOP + HEIGHT}{self.tops(counts, first, last)}V{TOP + HEIGHT}z"
        )

    def line(self, counts: Sequence[float]) -> str:
        return f"M{LEFT} {TOP + HEIGHT}{self.tops(counts, self.first, self.last)}V{TOP + HEIGHT}"

    def tops(self, counts: Sequence[float], first: int, last: int) -> str:
        """The steps over the bins; neighbours of the same height, as empty ones are, are joined."""
        rights = self.rights[first - self.first : last - self.first]
        pieces: list[str] = []
        before = None
        for count, right in zip(counts[first:last], rights, strict=True):
            if count == before:
                pieces[-1] = right
            else:
                pieces += (f"V{self.y(count):.1f}", right)
            before = count
        return "".join(pieces)


def _outline(frame: _Frame, view: HistogramView, other: StatisticsView) -> str:
    total = sum(other.histogram.counts)
    if not total or other.histogram.edges != view.edges:
        return ""
    scale = sum(view.counts) / total
    scaled = [scale * count for count in other.histogram.counts]
    name = "ood" if other.split.startswith("ood:") else other.split
    return f'<path class="outline split-{escape(name)}" d="{frame.line(scaled)}"/>'


def _y_axis(frame: _Frame) -> str:
    decades = range(math.floor(frame.top) + 1)
    every = 1 if len(decades) <= 4 else 2
    return "".join(
        f'<path class="grid" d="M{LEFT} {frame.y(10**d):.1f}H{LEFT + WIDTH}"/>'
        f'<text class="label end" x="{LEFT - 5}" y="{frame.y(10**d) + 3:.1f}">{_power(d)}</text>'
        for d in decades[::every]
    )


def _x_axis(frame: _Frame, edges: Sequence[float]) -> str:
    low, high = edges[frame.first], edges[frame.last]
    wanted = [0.0, *(s * 10.0**d for d in (0, 1, 2, -1, -2, 3, -3, 4, -4) for s in (1, -1))]
    placed: list[tuple[float, float]] = []
    for value in wanted:
        x = frame.x(bin_place(edges, value))
        if low <= value <= high and all(abs(x - other) >= LABEL_GAP for other, _ in placed):
            placed.append((x, value))
    base = TOP + HEIGHT
    return f'<path class="axis" d="M{LEFT} {base}H{LEFT + WIDTH}"/>' + "".join(
        f'<path class="axis" d="M{x:.1f} {base}v4"/>'
        f'<text class="label middle" x="{x:.1f}" y="{base + 15}">{significant(value, 1)}</text>'
        for x, value in placed
    )


def _threshold(frame: _Frame, edges: Sequence[float], threshold: float) -> str:
    if not edges[frame.first] <= threshold <= edges[frame.last]:
        return ""
    x = frame.x(bin_place(edges, threshold))
    end, gap = (" end", -4) if x > LEFT + WIDTH * 0.7 else ("", 4)
    return (
        f'<path class="threshold" d="M{x:.1f} {TOP - 4}V{TOP + HEIGHT}"/>'
        f'<text class="label{end}" x="{x + gap:.1f}" y="{TOP - 2}">'
        f"threshold {significant(threshold)}</text>"
    )


def _power(decade: int) -> str:
    if decade < 4:
        return f"{10**decade:,}"
    return "10" + str(decade).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _words(shown: StatisticsView, first: int, last: int) -> str:
    view = shown.histogram
    total = sum(view.counts)
    mode = max(range(len(view.counts)), key=view.counts.__getitem__)
    return (
        f"Histogram of activations on split {shown.split}: {total:,} positions, "
        f"{percent_text(view.fraction)} of all, between {significant(view.edges[first])} and "
        f"{significant(view.edges[last])}; most often between {significant(view.edges[mode])} and "
        f"{significant(view.edges[mode + 1])}."
    )
