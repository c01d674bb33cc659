"""What a head reads from the peak of an exemplar: a sentence and arcs over the window's positions.

The drawing is complete without JavaScript; with it, the same box shows the token under the pointer.
"""

from typing import Final

from markupsafe import Markup, escape

from app.rendering.markup import trusted
from app.rendering.numbers import percent_text
from app.rendering.strip import peak_sources, source_class, visible
from app.store.views.unit import ExemplarView

STEP: Final = 6
HEIGHT: Final = 30


def attention(exemplar: ExemplarView) -> Markup:
    """Sentence and arcs for the peak token; empty for units without an attention pattern."""
    if exemplar.attention is None:
        return Markup()
    pairs = peak_sources(exemplar)
    width = STEP * len(exemplar.tokens)
    return trusted(
        f'<div class="attention" data-attention><p class="reads">{_sentence(exemplar, pairs)}</p>'
        f'<svg class="arcs" viewBox="0 0 {width} {HEIGHT + 4}" preserveAspectRatio="none"'
        f' aria-hidden="true" data-step="{STEP}" data-height="{HEIGHT}">'
        f'<path class="axis" d="M0 {HEIGHT}H{width}"/>'
        f"<g data-arcs>{_arcs(exemplar.peak_position, pairs)}</g></svg></div>"
    )


def _sentence(exemplar: ExemplarView, pairs: list[tuple[int, float]]) -> str:
    if not pairs:
        return "At the peak: no source token above 0.5\u202f% was kept."
    parts = [
        f'<span class="source {source_class(weight)}"><code>{escape(visible(exemplar.tokens[p]))}'
        f"</code> {percent_text(weight)} "
        f"<small>{_distance(exemplar.peak_position - p)}</small></span>"
        for p, weight in pairs
        if p < len(exemplar.tokens)
    ]
    rest = 1 - sum(weight for _, weight in pairs)
    return f"At the peak reads {' '.join(parts)} <small>rest {percent_text(max(0.0, rest))}</small>"


def _distance(back: int) -> str:
    return "itself" if back == 0 else f"{back} back" if back > 0 else f"{-back} ahead"


def _arcs(peak: int, pairs: list[tuple[int, float]]) -> str:
    """A path per source, from the reader's position to the source's, thicker for more weight."""
    x = STEP * peak + STEP // 2
    marks = [f'<path class="reader" d="M{x} {HEIGHT - 5}V{HEIGHT + 4}"/>']
    for position, weight in pairs:
        to = STEP * position + STEP // 2
        marks.append(
            f'<path class="arc {source_class(weight)}" d="M{x} {HEIGHT}Q{(x + to) / 2:g}'
            f' {HEIGHT - 2 * min(HEIGHT, 6 + abs(x - to) / 8):.3g} {to} {HEIGHT}"/>'
        )
    return "".join(marks)
