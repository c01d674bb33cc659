"""A score as a drawing: axis, value with its 95 % whisker, baselines as ticks, domains hollow.

Where there are held-out domains, ticks of the test split end at the axis, and those of the domains
hang below it. R² has no lower end: what lies below the axis is an arrow at its edge, never a mark
at a place that is not its own.

Comes in: a score on one split (test, but for a program that is being tried) and the same on others.
Goes out: SVG, one line high for tables or four with labels, with all of its numbers as text
alternative. What is no number (undefined, not run, failed) is a word and no drawing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from markupsafe import Markup, escape

from app.rendering.markup import trusted
from app.rendering.numbers import MINUS
from app.rendering.words import short_split, split_title
from app.store.views.score import BaselinesView, HeadlineView, ScoreView

WIDTH: Final = 168
HEIGHT: Final = 18
PAD: Final = 6
WIDE: Final = 460
TALL: Final = 96
AXIS: Final = 77
LINES: Final = (11, 23, 35, 47)
"""Of labels."""
NEAR_ZERO: Final = -0.05
"""From here on the axis begins at 0: a shuffled baseline of −0.01 must not halve the drawing."""
ARROW: Final = (1.5, 8.0)
"""Where the arrow of a value below the axis begins and ends."""
LETTER: Final = 7.2
"""Width of a label's letter where labels are largest, on narrow screens."""
BASELINES: Final = {
    "mean": "mean", "lookup": "token lookup", "lookup_cut": "lookup of its length",
    "shuffled": "shuffled",
}  # fmt: skip
SHAPES: Final = {name: f"tick-{name.removeprefix('lookup_')}" for name in BASELINES}
"""Classes of ticks."""


@dataclass(frozen=True)
class Elsewhere:
    """The same metric on a held-out domain."""

    split: str
    value: float
    baselines: BaselinesView


@dataclass(frozen=True)
class Bar:
    """One metric on one split, and what stands beside it."""

    name: str
    split: str
    value: float | None
    low: float | None
    high: float | None
    baselines: BaselinesView
    elsewhere: Sequence[Elsewhere] = field(default=())

    def numbers(self) -> Iterable[float]:
        beside = (self.baselines, *(one.baselines for one in self.elsewhere))
        ticks = [getattr(baselines, name) for baselines in beside for name in BASELINES]
        here = [self.value, self.low, *ticks, *(one.value for one in self.elsewhere)]
        return (number for number in here if number is not None)


class Line(Protocol):
    """Anything with scores of r by split: an explanation as a list shows it."""

    @property
    def headlines(self) -> list[HeadlineView]: ...


def axis_start(lines: Iterable[Line]) -> float:
    """Where the axis of all bars of one table begins: 0, or −1 where something is below it."""
    bars = (bar_of(line.headlines) for line in lines)
    return _start(number for bar in bars if bar is not None for number in bar.numbers())


def score_bar(headlines: Sequence[HeadlineView], start: float | None = None) -> Markup:
    """Simulation r on test, one line high; nothing where there is no number."""
    bar = bar_of(headlines)
    if bar is None or bar.value is None:
        return Markup("")
    return small(bar, _start(bar.numbers()) if start is None else start)


def tall_bar(headlines: Sequence[HeadlineView], split: str = "test") -> Markup:
    """The same with labels, four lines of them, on test or another split."""
    bar = bar_of(headlines, split)
    return Markup("") if bar is None or bar.value is None else labelled(bar)


def metric_bar(test: ScoreView | None, others: Sequence[ScoreView]) -> Markup:
    """One line for a metric other than r, from its scores by split."""
    if test is None or test.value is None:
        return Markup("")
    elsewhere = [
        Elsewhere(score.split, score.value, score.baselines)
        for score in others
        if score.value is not None
    ]
    bar = Bar(test.metric, test.split, test.value, test.low, test.high, test.baselines, elsewhere)
    return small(bar, _start(bar.numbers()))


def bar_of(headlines: Sequence[HeadlineView], split: str = "test") -> Bar | None:
    here = next((one for one in headlines if one.split == split), None)
    if here is None:
        return None
    elsewhere = [
        Elsewhere(one.split, one.r, one.baselines)
        for one in headlines
        if one.r is not None and one.split.startswith("ood:")
    ]
    return Bar("r", split, here.r, here.low, here.high, here.baselines, elsewhere)


def small(bar: Bar, start: float) -> Markup:
    frame = _Frame(start, WIDTH, upper=6.0, lower=13.0)
    return trusted(
        f'<svg class="score-bar" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' role="img" aria-label="{escape(spoken(bar) + _spoken_beyond(bar, frame))}">'
        f"{_rail(frame, 9.5, HEIGHT)}{_ticks(frame, bar, 2, 9.5, 16)}{_marks(frame, bar)}</svg>"
    )


def labelled(bar: Bar) -> Markup:
    start = _start(bar.numbers())
    frame = _Frame(start, WIDE, upper=60.0, lower=70.0)
    ends = sorted({start, 0.0, 0.5, 1.0})
    axis = "".join(_axis_mark(frame.x(at), f"{at:g}".replace("-", MINUS)) for at in ends)
    return trusted(
        f'<svg class="score-bar tall" viewBox="0 0 {WIDE} {TALL}" role="img"'
        f' aria-label="{escape(spoken(bar) + _spoken_beyond(bar, frame))}">'
        f'<path class="axis" d="M{PAD} {AXIS}H{WIDE - PAD}"/>'
        f"{axis}{_labels(frame, bar)}{_ticks(frame, bar, 51, 65, AXIS)}{_marks(frame, bar)}</svg>"
    )


def _axis_mark(x: float, label: str) -> str:
    return (
        f'<path class="axis" d="M{x:.1f} {AXIS}v4"/>'
        f'<text class="label {_anchor(x, len(label))}" x="{x:.1f}" y="{AXIS + 14}">{label}</text>'
    )


def spoken(bar: Bar) -> str:
    """All numbers of the drawing in words."""
    if bar.value is None:
        return f"{bar.name} undefined on {split_title(bar.split)}"
    words = f"{bar.name} {number(bar.value)} on {split_title(bar.split)}"
    if bar.low is not None and bar.high is not None:
        words += f", 95 % interval {number(bar.low)} to {number(bar.high)}"
    words += "".join(f"; {told}" for told in _spoken_baselines(bar.baselines))
    for one in bar.elsewhere:
        change = one.value - bar.value
        way = "drop" if change < 0 else "rise"
        words += f"; {number(one.value)} on {split_title(one.split)}, a {way} of "
        words += number(abs(change))
        beside = ", ".join(_spoken_baselines(one.baselines))
        words += f" (there {beside})" if beside else ""
    return words


def _spoken_beyond(bar: Bar, frame: "_Frame") -> str:
    low = [number(value) for value in bar.numbers() if frame.is_below(value)]
    if not low:
        return ""
    axis = f"{frame.start:g}".replace("-", MINUS)
    return f"; below {axis}, where the axis begins, and drawn as an arrow: {', '.join(low)}"


def _spoken_baselines(baselines: BaselinesView) -> list[str]:
    return [
        f"{title} {number(value)}"
        for name, title in BASELINES.items()
        if (value := getattr(baselines, name)) is not None
    ]


def number(value: float) -> str:
    """Two decimals: 0.62, −0.10."""
    text = f"{value:.2f}"
    return ("0.00" if text == "-0.00" else text).replace("-", MINUS)


class _Frame:
    def __init__(self, start: float, width: int, *, upper: float, lower: float) -> None:
        self.start, self.width = start, width
        self.upper, self.lower = upper, lower
        """Where the value of the split is drawn, and where those of held-out domains are."""

    def is_below(self, value: float) -> bool:
        """Whether it has no place on the axis."""
        return value < (self.start or NEAR_ZERO)

    def x(self, value: float) -> float:
        """At the edge, what lies beyond it."""
        share = (min(1.0, max(self.start, value)) - self.start) / (1 - self.start)
        return PAD + (self.width - 2 * PAD) * share


def _start(numbers: Iterable[float]) -> float:
    return -1.0 if any(number < NEAR_ZERO for number in numbers) else 0.0


def _rail(frame: _Frame, y: float, height: int) -> str:
    zero = f'<path class="zero" d="M{frame.x(0):.1f} 1V{height - 1}"/>' if frame.start else ""
    return (
        f'<path class="rail" d="M{PAD} {y}H{frame.width - PAD}M{PAD} {y - 3}v6'
        f'M{frame.width - PAD} {y - 3}v6"/>{zero}'
    )


def _ticks(frame: _Frame, bar: Bar, top: float, middle: float, bottom: float) -> str:
    halves = [(bar.baselines, "", top, middle if bar.elsewhere else bottom)]
    halves += [(one.baselines, " of-domain", middle, bottom) for one in bar.elsewhere]
    return "".join(_half(frame, *half) for half in halves)


def _half(frame: _Frame, baselines: BaselinesView, domain: str, top: float, bottom: float) -> str:
    """One row of ticks; those below the axis as arrow heads, side by side from its edge."""
    parts, left, y = [], ARROW[1] + 2, (top + bottom) / 2
    for name, shape in SHAPES.items():
        value = getattr(baselines, name)
        if value is None:
            continue
        if frame.is_below(value):
            place = f"M{left + 3:g} {y - 3:g}L{left:g} {y:g}L{left + 3:g} {y + 3:g}"
            parts.append(f'<path class="{shape}{domain} below" d="{place}"/>')
            left += 4
        else:
            place = f"M{frame.x(value):.1f} {top:g}V{bottom:g}"
            parts.append(f'<path class="{shape}{domain}" d="{place}"/>')
    return "".join(parts)


def _marks(frame: _Frame, bar: Bar) -> str:
    if bar.value is None:
        return ""
    x, y = frame.x(bar.value), frame.upper
    parts = [
        f'<path class="joint" d="M{x:.1f} {y}L{frame.x(one.value):.1f} {frame.lower}"/>'
        + _mark(frame, one.value, frame.lower, "elsewhere", 3)
        for one in bar.elsewhere
    ]
    if bar.low is not None and bar.high is not None:
        head = f"M{ARROW[1]:g} {y - 3}L{ARROW[0]:g} {y}L{ARROW[1]:g} {y + 3}"
        parts.append(
            f'<path class="whisker" d="M{frame.x(bar.low):.1f} {y}H{frame.x(bar.high):.1f}'
            f'{head if frame.is_below(bar.low) else ""}"/>'
        )
    return "".join(parts) + _mark(frame, bar.value, y, "here", 3.5)


def _mark(frame: _Frame, value: float, y: float, name: str, radius: float) -> str:
    """A dot at its place; an arrow out of the drawing where it has none."""
    if frame.is_below(value):
        tip, back = ARROW
        place = f"M{back:g} {y - radius - 0.5:g}L{tip:g} {y:g}L{back:g} {y + radius + 0.5:g}Z"
        return f'<path class="{name} below" d="{place}"/>'
    return f'<circle class="{name}" cx="{frame.x(value):.1f}" cy="{y}" r="{radius:g}"/>'


def _labels(frame: _Frame, bar: Bar) -> str:
    """What is drawn, by name: the score first, then baselines, then domains; each in the first line
    where it covers no other."""
    wanted = [
        (short_split(bar.split), bar.value),
        *((name, getattr(bar.baselines, name)) for name in BASELINES),
    ]
    wanted += [(short_split(one.split), one.value) for one in bar.elsewhere]
    placed: dict[int, list[tuple[float, float]]] = {y: [] for y in LINES}
    parts = []
    for name, value in wanted:
        if value is None:
            continue
        x = frame.x(value)
        label = f"{BASELINES.get(name, name)} {number(value)}"
        place = _place(x, len(label), placed)
        if place is None:
            continue  # the table below has all numbers
        y, anchor = place
        placed[y].append(_extent(x, anchor, len(label)))
        parts.append(f'<text class="label {anchor}" x="{x:.1f}" y="{y}">{escape(label)}</text>')
    return "".join(parts)


def _place(
    x: float, n_letters: int, placed: dict[int, list[tuple[float, float]]]
) -> tuple[int, str] | None:
    """The first line and anchor at which a label covers no other and ends within the drawing."""
    for anchor in dict.fromkeys((_anchor(x, n_letters), "start", "end")):
        left, right = _extent(x, anchor, n_letters)
        if left < 0 or right > WIDE + LETTER:
            continue
        for y, others in placed.items():
            if all(right < a or left > b for a, b in others):
                return y, anchor
    return None


def _anchor(x: float, n_letters: int) -> str:
    """In the middle, where the label then ends within the drawing."""
    half = n_letters * LETTER / 2
    return "start" if x < half else "end" if x > WIDE - half else "middle"


def _extent(x: float, anchor: str, n_letters: int) -> tuple[float, float]:
    """Where a label begins and ends, a letter's room behind it."""
    width = n_letters * LETTER
    left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
    return left, left + width + LETTER
