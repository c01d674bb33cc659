"""How well explanations predict, layer by layer: distributions of r, and r against length, as SVG.

Comes in: summaries of simulation r over randomly chosen units, of which those without an r count
as 0, of every method alike; only the dots of r against length leave them out. A row is a layer, the
first at the bottom, as in the map: whisker from the 5th to the 95th percentile, box between the
quartiles, the median as a line; the median of token lookup as a tick, that of held-out domains
hollow.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from app.rendering.markup import trusted
from app.rendering.numbers import significant
from app.rendering.score_bar import number
from app.store.views.score import ScoreSummaryView

MAIN: Final = "rules"
REFERENCE: Final = "lookup"
LEFT: Final = 42
PLOT: Final = 400
TEXT: Final = 170
TOP: Final = 20
ROW: Final = 18
POINTS: Final = ("rules", "language_model", "lookup")
SIZE: Final = (420, 240)
RIGHT: Final = 24
LEFT_OUT: Final = ("rules", "language_model")
PLURALS: Final = {
    "rules": "rules",
    "language_model": "language models",
    "lookup": "token lookup",
}


@dataclass(frozen=True)
class Layer:
    """What one row of the drawing and of its table has."""

    main: ScoreSummaryView
    reference: ScoreSummaryView | None
    """Token lookup, where the same run has it of the same units."""
    elsewhere: list[ScoreSummaryView]
    """The same method on held-out domains."""


@dataclass(frozen=True)
class Total:
    """One method on one split over all layers."""

    method: str
    split: str
    n_sites: int
    n_units_of_kind: int
    """Of all sites of the model, also of those that were not reached yet."""
    n_units: int
    n_scored: int
    n_undefined: int
    n_failed: int
    n_better: int
    mean_r: float | None
    lookup_mean_r: float | None
    """Of the token lookup over the same units; None unless every layer has it."""


def layers_of(summaries: Sequence[ScoreSummaryView], kind: str) -> list[Layer]:
    """Rows of one kind of site; the last layer first."""
    found = {(s.site, s.method, s.split): s for s in summaries if s.kind == kind}
    domains = sorted({split for _, _, split in found if split.startswith("ood:")})
    rows = [
        Layer(
            main,
            _of_same_units(main, found.get((main.site, REFERENCE, "test"))),
            [found[key] for d in domains if (key := (main.site, MAIN, d)) in found],
        )
        for (_, method, split), main in found.items()
        if method == MAIN and split == "test"
    ]
    return sorted(rows, key=lambda row: -row.main.layer)


def totals_of(summaries: Sequence[ScoreSummaryView], kind: str) -> list[Total]:
    """Per method and split, test first; means are over units, not over layers."""
    groups: dict[tuple[str, str], list[ScoreSummaryView]] = {}
    for one in summaries:
        if one.kind == kind and (one.split == "test" or one.split.startswith("ood:")):
            groups.setdefault((one.method, one.split), []).append(one)
    order = sorted(groups, key=lambda key: (key[0] != MAIN, key[0], key[1] != "test", key[1]))
    return [_total(method, split, groups[method, split]) for method, split in order]


def layer_scores(rows: Sequence[Layer], noun: str) -> Markup:
    """The drawing; every number of it is in the table beside."""
    if not any(row.main.quantiles for row in rows):
        return Markup('<p class="undefined">Nothing is scored yet.</p>')
    start = _start(rows)
    base = TOP + ROW * len(rows)
    body = "".join(_row(row, TOP + ROW * i, start) for i, row in enumerate(rows))
    ticks = "".join(
        f'<path class="grid" d="M{_x(at, start):.1f} {TOP}V{base}"/>'
        f'<text class="label middle" x="{_x(at, start):.1f}" y="{base + 14}">'
        f"{significant(at, 2)}</text>"
        for at in _marks(start)
    )
    end = LEFT + PLOT + TEXT
    return trusted(
        f'<svg class="layer-scores" viewBox="0 0 {end} {base + 20}" role="img"'
        f' aria-label="{escape(_spoken(rows, noun))}">'
        f'<text class="label end" x="{LEFT - 8}" y="{TOP - 7}">layer</text>'
        f'<text class="label end" x="{LEFT + PLOT + 62}" y="{TOP - 7}">mean r</text>'
        f'<text class="label end" x="{end - 2}" y="{TOP - 7}">scored of all</text>'
        f"{ticks}{body}</svg>"
    )


def methods_by_bits(summaries: Sequence[ScoreSummaryView], kind: str) -> list[tuple[str, str]]:
    """The methods of which `r_by_bits` has dots, each with its name in a sentence."""
    by_method = _by_method(summaries, kind)
    return [(method, PLURALS[method]) for method, points in by_method.items() if points]


def r_by_bits(summaries: Sequence[ScoreSummaryView], kind: str) -> Markup:
    """r against description length: one dot per randomly chosen unit, by method."""
    points = _by_method(summaries, kind)
    every = [point for some in points.values() for point in some]
    if not every:
        return Markup('<p class="undefined">No unit has both a length and an r yet.</p>')
    low = math.floor(math.log10(min(bits for bits, _ in every)))
    high = max(low + 1, math.ceil(math.log10(max(bits for bits, _ in every))))
    start = -1.0 if min(r for _, r in every) < -0.5 else -0.5
    width, height = SIZE
    axes = "".join(
        f'<text class="label middle" x="{_across(10.0**d, low, high):.1f}" y="{height - 16}">'
        f"{10**d:,}</text>"
        f'<path class="grid" d="M{_across(10.0**d, low, high):.1f} 8V{height - 30}"/>'
        for d in range(low, high + 1)
    ) + "".join(
        f'<text class="label end" x="{LEFT - 6}" y="{_up(at, start) + 3:.1f}">{number(at)}</text>'
        f'<path class="grid" d="M{LEFT} {_up(at, start):.1f}H{width - RIGHT}"/>'
        for at in (start, 0.0, 0.5, 1.0)
    )
    dots = "".join(
        f'<path class="dots dots-{method}" d="'
        + "".join(f"M{_across(b, low, high):.1f} {_up(r, start):.1f}h0" for b, r in some)
        + '"/>'
        for method, some in points.items()
        if some
    )
    said = "; ".join(f"{method}: {len(some)} units" for method, some in points.items() if some)
    return trusted(
        f'<svg class="r-by-bits" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="Simulation r on test against description length in bits. {escape(said)}.">'
        f"{axes}{dots}"
        f'<text class="label end" x="{width - 8}" y="{height - 3}">bits, log</text></svg>'
    )


def left_out(summaries: Sequence[ScoreSummaryView], kind: str) -> str:
    """How many units are no dots against length because they have no r, by method, in words."""
    said = []
    for method in LEFT_OUT:
        some = _on_test(summaries, kind, method)
        n_units = sum(one.n_units for one in some)
        without = n_units - sum(one.n_scored for one in some)
        if n_units:
            said.append(f"{without:,} of {n_units:,} units explained by {PLURALS[method]}")
    return f"Without an r, and left out: {', '.join(said)}." if said else ""


def _of_same_units(
    main: ScoreSummaryView, other: ScoreSummaryView | None
) -> ScoreSummaryView | None:
    same = other is not None and (other.run_id, other.n_units) == (main.run_id, main.n_units)
    return other if same else None


def _total(method: str, split: str, some: Sequence[ScoreSummaryView]) -> Total:
    n_scored = sum(one.n_scored for one in some)
    n_units = sum(one.n_units for one in some)
    total = sum(one.mean_r * one.n_units for one in some if one.mean_r is not None)
    looked_up = [one.lookup_mean_r * one.n_units for one in some if one.lookup_mean_r is not None]
    return Total(
        method=method,
        split=split,
        n_sites=len(some),
        n_units_of_kind=some[0].n_units_of_kind,
        n_units=n_units,
        n_scored=n_scored,
        n_undefined=sum(one.n_undefined for one in some),
        n_failed=sum(one.n_failed for one in some),
        n_better=sum(one.n_better for one in some),
        mean_r=total / n_units if n_scored else None,
        lookup_mean_r=sum(looked_up) / n_units if len(looked_up) == len(some) else None,
    )


def _row(row: Layer, top: float, start: float) -> str:
    main, y = row.main, top + ROW / 2
    words = (
        f'<text class="label end" x="{LEFT - 8}" y="{y + 3.5}">{main.layer}</text>'
        f'<text class="label end" x="{LEFT + PLOT + 62}" y="{y + 3.5}">'
        f"{'–' if main.mean_r is None else number(main.mean_r)}</text>"
        f'<text class="label end" x="{LEFT + PLOT + TEXT - 2}" y="{y + 3.5}">'
        f"{main.n_scored:,} of {main.n_units_of_site:,}</text>"
    )
    if not main.quantiles:
        return words
    p5, p25, p50, p75, p95 = (_x(main.quantiles[at], start) for at in (5, 25, 50, 75, 95))
    parts = [
        f'<path class="whisker" d="M{p5:.1f} {y}H{p95:.1f}"/>'
        f'<rect class="box" x="{p25:.1f}" y="{y - 5}" width="{p75 - p25:.1f}" height="10"/>'
        f'<path class="median" d="M{p50:.1f} {y - 5}v10"/>'
    ]
    if row.reference is not None and row.reference.quantiles:
        x = _x(row.reference.quantiles[50], start)
        parts.append(f'<path class="tick-lookup" d="M{x:.1f} {y - 7}v14"/>')
    parts += [
        f'<circle class="elsewhere" cx="{_x(one.quantiles[50], start):.1f}" cy="{y}" r="3"/>'
        for one in row.elsewhere
        if one.quantiles
    ]
    return words + "".join(parts)


def _start(rows: Iterable[Layer]) -> float:
    shown = [
        summary.quantiles[5 if summary is row.main else 50]
        for row in rows
        for summary in (row.main, row.reference, *row.elsewhere)
        if summary is not None and summary.quantiles
    ]
    lowest = min(shown, default=0.0)
    return 0.0 if lowest >= -0.05 else -0.5 if lowest >= -0.5 else -1.0


def _marks(start: float) -> list[float]:
    return [at / 4 for at in range(round(4 * start), 5)]


def _x(value: float, start: float) -> float:
    return LEFT + PLOT * (min(1.0, max(start, value)) - start) / (1 - start)


def _across(bits: float, low: int, high: int) -> float:
    return LEFT + (SIZE[0] - LEFT - RIGHT) * (math.log10(bits) - low) / (high - low)


def _up(r: float, start: float) -> float:
    return 8 + (SIZE[1] - 38) * (1 - (max(start, r) - start) / (1 - start))


def _spoken(rows: Sequence[Layer], noun: str) -> str:
    said = [
        f"layer {row.main.layer}: median {number(row.main.quantiles[50])}"
        for row in reversed(rows)
        if row.main.quantiles
    ]
    return f"Simulation r of rules over {noun}, by layer. {'; '.join(said)}."


def _on_test(
    summaries: Sequence[ScoreSummaryView], kind: str, method: str
) -> list[ScoreSummaryView]:
    return [s for s in summaries if (s.kind, s.method, s.split) == (kind, method, "test")]


def _by_method(
    summaries: Sequence[ScoreSummaryView], kind: str
) -> dict[str, list[tuple[float, float]]]:
    """Lengths in bits with r on test, of units that have both."""
    return {
        method: [
            (point.bits, point.r)
            for one in _on_test(summaries, kind, method)
            for point in one.points
            if point.bits is not None and point.bits > 0 and point.r is not None
        ]
        for method in POINTS
    }
