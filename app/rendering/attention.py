"""What a head reads from the peak of an exemplar: a sentence, and arcs over the distance.

The arcs go from the reading token back to its sources; the axis is the distance in tokens, on a
log scale, so that the token before and one a hundred back both show. The drawing is complete
without JavaScript; with it, the same box shows the token under the cursor, whose pattern is asked
from the API when it is first wanted.
"""

import math
from typing import Final

from markupsafe import Markup, escape

from app.rendering.markup import trusted
from app.rendering.numbers import percent_text
from app.rendering.strip import peak_sources, source_class, visible
from app.store.views.unit import ExemplarView

WIDTH: Final = 240
BASE: Final = 26
READER: Final = 228
TICKS: Final = (1, 10, 100)


def attention(exemplar: ExemplarView, causal: bool = True) -> Markup:
    """Sentence and arcs for the peak token; empty for units without an attention pattern.

    Where heads may read ahead, the reader stands in the middle of the drawing.
    """
    if exemplar.attention is None:
        return Markup()
    pairs = peak_sources(exemplar)
    reader = READER if causal else WIDTH // 2
    reach = reader - 10
    return trusted(
        f'<div class="attention" data-attention data-reader="{reader}" data-reach="{reach}"'
        f' data-longest="{_longest(exemplar)}">'
        f'<p class="reads">{_sentence(exemplar, pairs)}</p>'
        f'<svg class="arcs" viewBox="0 0 {WIDTH} 38" aria-hidden="true">'
        f"{_axis(reader, reach, _longest(exemplar))}"
        f"<g data-arcs>{_arcs(exemplar, pairs, reader, reach)}</g></svg></div>"
    )


def _longest(exemplar: ExemplarView) -> int:
    """What the axis reaches back to: the same for all windows of ordinary length."""
    return max(len(exemplar.tokens), 128)


def distance(back: int, reach: float, longest: int) -> float:
    """How far from the reader a source is drawn, between 0 and `reach`."""
    return math.copysign(reach * math.log1p(abs(back)) / math.log1p(max(longest, 2)), back)


def _axis(reader: int, reach: float, longest: int) -> str:
    marks = [f'<path class="axis" d="M{reader - reach} {BASE}H{reader}"/>']
    for tick in TICKS:
        if tick < longest:
            x = reader - distance(tick, reach, longest)
            words = f"{tick} back" if tick == TICKS[0] else str(tick)
            marks.append(
                f'<path class="axis" d="M{x:.1f} {BASE}v3"/>'
                f'<text class="label middle" x="{x:.1f}" y="{BASE + 11}">{words}</text>'
            )
    return "".join(marks)


def _arcs(exemplar: ExemplarView, pairs: list[tuple[int, float]], reader: int, reach: float) -> str:
    marks = [f'<path class="reader" d="M{reader} {BASE - 6}v9"/>']
    for position, weight in pairs:
        away = distance(exemplar.peak_position - position, reach, _longest(exemplar))
        marks.append(f'<path class="arc {source_class(weight)}" d="{arc(reader, away)}"/>')
    return "".join(marks)


def arc(reader: float, away: float) -> str:
    """From the reader to `away` units before it; a small loop where a token reads itself."""
    if away == 0:
        return f"M{reader} {BASE}c-9 -14 9 -14 0 0"
    top = BASE - min(2 * BASE - 6, 10 + abs(away) / 3)
    return f"M{reader} {BASE}Q{reader - away / 2:.1f} {top:.1f} {reader - away:.1f} {BASE}"


def _sentence(exemplar: ExemplarView, pairs: list[tuple[int, float]]) -> str:
    if not pairs:
        return "Reads nothing above 0.5\u202f%."
    parts = [
        f'<span class="source {source_class(weight)}"><code>{escape(visible(exemplar.tokens[p]))}'
        f"</code> {percent_text(weight)} <small>{_back(exemplar.peak_position - p)}</small></span>"
        for p, weight in pairs
        if p < len(exemplar.tokens)
    ]
    rest = max(0.0, 1 - sum(weight for _, weight in pairs))
    return f"Reads {' '.join(parts)} <small>rest {percent_text(rest)}</small>"


def _back(back: int) -> str:
    return "itself" if back == 0 else f"{back} back" if back > 0 else f"{-back} ahead"
