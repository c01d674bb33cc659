"""Human verdicts against automatic scores, drawn: what share is accepted at which score, and how
often each number is right about which of two explanations was accepted.

Alphas and kappas are drawn as a point with its whisker on one axis. No colour says good or bad.
"""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from app.rendering.markup import trusted
from app.rendering.numbers import MINUS, percent_text
from app.rendering.score_bar import number
from app.store.views.agreement import AcceptanceBin, AlphaView, PredictorView

SIZE: Final = (460, 260)
LEFT: Final = 44
RIGHT: Final = 14
TOP: Final = 14
BOTTOM: Final = 40
ROW: Final = 22
NAMES: Final = 256
PLOT: Final = 180
NUMBERS: Final = 224
LINE: Final = (180, 20)


def accepted_by_score(bins: Sequence[AcceptanceBin]) -> Markup:
    """A point for each bin, where it lies by the median of its scores; its numbers are in the table
    beside."""
    if not bins:
        return Markup(
            '<p class="undefined">Fewer than five explanations have both an r and a verdict.</p>'
        )
    width, height = SIZE
    low = min(0.0, *(one.low for one in bins))
    low, high = (-1.0 if low < -0.5 else -0.5 if low < 0 else 0.0), 1.0

    def x(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (width - LEFT - RIGHT)

    def y(share: float) -> float:
        return TOP + (1 - share) * (height - TOP - BOTTOM)

    grid = "".join(
        f'<path class="grid" d="M{LEFT} {y(at):.1f}H{width - RIGHT}"/>'
        f'<text class="label end" x="{LEFT - 6}" y="{y(at) + 4:.1f}">{at:.0%}</text>'
        for at in (0.0, 0.25, 0.5, 0.75, 1.0)
    ) + "".join(
        f'<path class="grid" d="M{x(at):.1f} {TOP}V{height - BOTTOM}"/>'
        f'<text class="label middle" x="{x(at):.1f}" y="{height - BOTTOM + 14}">{number(at)}</text>'
        for at in sorted({low, 0.0, 0.5, 1.0})
    )
    marks = "".join(
        f'<path class="span" d="M{x(one.low):.1f} {y(one.share):.1f}H{x(one.high):.1f}"/>'
        f'<path class="whisker" d="M{x(one.middle):.1f} {y(one.share_low):.1f}'
        f'V{y(one.share_high):.1f}"/>'
        f'<circle class="point" cx="{x(one.middle):.1f}" cy="{y(one.share):.1f}" r="4">'
        f"<title>{_told(one)}</title></circle>"
        for one in bins
    )
    said = "; ".join(_told(one) for one in bins)
    return trusted(
        f'<svg class="accepted" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="Share of judgements that accept, by simulation r on test. {said}.">'
        f"{grid}{marks}"
        f'<text class="label end" x="{width - RIGHT}" y="{height - 6}">simulation r on test</text>'
        f'<text class="label" x="{LEFT}" y="{height - 6}">share that accept</text></svg>'
    )


def predictors(rows: Sequence[PredictorView]) -> Markup:
    """AUROC of each number, scores above and baselines below, on one axis from 0 to 1."""
    height = TOP + ROW * len(rows) + 28
    width = NAMES + PLOT + NUMBERS

    def x(value: float) -> float:
        return NAMES + value * PLOT

    base = TOP + ROW * len(rows)
    grid = "".join(
        f'<path class="{"chance" if at == 0.5 else "grid"}" d="M{x(at):.1f} {TOP - 6}V{base}"/>'
        f'<text class="label middle" x="{x(at):.1f}" y="{base + 15}">{number(at)}</text>'
        for at in (0.0, 0.5, 1.0)
    )
    body = ""
    for place, row in enumerate(rows):
        at = TOP + ROW * place + ROW / 2
        body += (
            f'<text class="label end{" is-baseline" if row.is_baseline else ""}"'
            f' x="{NAMES - 10}" y="{at + 4:.1f}">{escape(row.title)}</text>'
        )
        if row.auroc is None:
            told = "undefined" if row.n_explanations else "not run"
        else:
            if row.low is not None and row.high is not None:
                body += f'<path class="whisker" d="M{x(row.low):.1f} {at:.1f}H{x(row.high):.1f}"/>'
            shape = "point hollow" if row.is_baseline else "point"
            body += f'<circle class="{shape}" cx="{x(row.auroc):.1f}" cy="{at:.1f}" r="4"/>'
            told = number(row.auroc)
        few = row.auroc is not None and row.low is None
        counts = f"{row.n_accepted:,} accept, {row.n_rejected:,} reject"
        aside = f"{'too few: ' if few else ''}{counts}" if row.n_explanations else ""
        body += (
            f'<text class="label" x="{NAMES + PLOT + 12}" y="{at + 4:.1f}">{told}'
            f'<tspan class="quiet" dx="8">{aside}</tspan></text>'
        )
    said = "; ".join(f"{row.title} {_said(row)}" for row in rows)
    return trusted(
        f'<svg class="predictors" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="How often each number is higher for what was accepted than for what was'
        f' rejected: 0.5 is chance. {escape(said)}.">{grid}{body}</svg>'
    )


def alpha_start(views: Sequence[AlphaView]) -> float:
    """Where the axis of all of them begins: 0, or −1 where one is below it."""
    numbers = [number for view in views for number in (view.value, view.low) if number is not None]
    return -1.0 if min(numbers, default=0.0) < 0 else 0.0


def alpha_line(view: AlphaView, start: float) -> Markup:
    """The value with its interval, to 1."""
    if view.value is None:
        return Markup("")
    width, height = LINE

    def x(value: float) -> float:
        return 6 + (max(value, start) - start) / (1 - start) * (width - 12)

    whisker = (
        ""
        if view.low is None or view.high is None
        else f'<path class="whisker" d="M{x(view.low):.1f} 10H{x(view.high):.1f}"/>'
    )
    ticks = "".join(
        f'<path class="grid" d="M{x(at):.1f} 4V16"/>' for at in sorted({start, 0.0, 1.0})
    )
    return trusted(
        f'<svg class="alpha-line" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' aria-hidden="true"><path class="rail" d="M6 10H{width - 6}"/>{ticks}{whisker}'
        f'<circle class="point" cx="{x(view.value):.1f}" cy="10" r="4"/></svg>'
    )


def between(low: float | None, high: float | None, n_units: int | None = None) -> Markup:
    """An interval, in words where there is none; `n_units`: on how many it would stand."""
    if low is None or high is None:
        few = "too few" if n_units is None else f"{n_units:,} unit{'' if n_units == 1 else 's'}"
        return trusted(f'<span class="not-run">no interval: {few}</span>')
    return trusted(f"{number(low)} to {number(high)}")


def share_between(low: float | None, high: float | None) -> Markup:
    """The same of shares."""
    if low is None or high is None:
        return Markup("")
    return trusted(f"{percent_text(low)} to {percent_text(high)}")


def _told(one: AcceptanceBin) -> str:
    return (
        f"r {number(one.low)} to {number(one.high)}: {one.share:.0%} of {one.n_judged} judgements"
        f" of {one.n_explanations} explanations, {one.share_low:.0%} to {one.share_high:.0%}"
    )


def _said(row: PredictorView) -> str:
    if row.auroc is None:
        return "undefined" if row.n_explanations else "not run"
    counts = f" of {row.n_accepted} accepted and {row.n_rejected} rejected"
    interval = (
        f"{counts}, too few for an interval"
        if row.low is None or row.high is None
        else f", {number(row.low)} to {number(row.high)}"
    )
    return f"{number(row.auroc)}{interval}".replace("-", MINUS)
