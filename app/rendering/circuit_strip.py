"""Where in the prompt a node acts: its effect at each token, as colours and as words."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from analysis.protocol.circuits import Node
from app.rendering.circuit import strength
from app.rendering.colours import level
from app.rendering.markup import trusted
from app.rendering.numbers import significant
from app.rendering.strip import visible

LONGEST: Final = 120
"""Tokens that are drawn; of longer prompts, those around where the node acts."""
SPOKEN: Final = 5


def effect_strip(node: Node, tokens: Sequence[str]) -> Markup:
    """Tokens coloured by effect: the full colour is the largest of this node. Nothing where it is
    not known where the node acts."""
    effects = {at: value for at, value in node.places if at < len(tokens)}
    if node.position is not None:
        effects = {node.position: strength(node)}
    if not effects:
        return Markup("")
    scale = max(abs(value) for value in effects.values())
    start, stop = _stretch(effects, len(tokens))
    cells = "".join(_cell(at, tokens[at], effects.get(at), scale) for at in range(start, stop))
    before, after = "… " if start else "", " …" if stop < len(tokens) else ""
    return trusted(
        f'<p class="heat effect-strip" role="img" aria-label="{escape(_spoken(effects, tokens))}">'
        f"{before}{cells}{after}</p>"
    )


def _stretch(effects: dict[int, float], n_tokens: int) -> tuple[int, int]:
    if n_tokens <= LONGEST:
        return 0, n_tokens
    peak = max(effects, key=lambda at: abs(effects[at]))
    start = max(0, min(peak - LONGEST // 2, n_tokens - LONGEST))
    return start, start + LONGEST


def _cell(at: int, token: str, effect: float | None, scale: float) -> str:
    if effect is None or scale == 0:
        return f'<span class="tok">{escape(visible(token))}</span>'
    step = level(effect, scale)
    colour = f"t-p{step}" if step > 0 else f"t-n{-step}" if step < 0 else ""
    told = f"{at}: {significant(effect)}"
    return f'<span class="tok {colour}" title="{told}">{escape(visible(token))}</span>'


def _spoken(effects: dict[int, float], tokens: Sequence[str]) -> str:
    strongest = sorted(effects, key=lambda at: -abs(effects[at]))[:SPOKEN]
    said = [f"{significant(effects[at])} at {at} “{visible(tokens[at])}”" for at in strongest]
    more = f", and at {len(effects) - SPOKEN} more" if len(effects) > SPOKEN else ""
    return f"Effect by position: {', '.join(said)}{more}"
