"""A unit's live activations on a text, as a strip of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from analysis.protocol.experiments import TokenText
from app.rendering.strip import strip


@dataclass(frozen=True)
class LiveLine:
    """What `strip` draws."""

    tokens: list[str]
    token_ids: list[int]
    activations: Sequence[float | None]
    peak_position: int
    attention: None = None

    @property
    def peak(self) -> float:
        return self.activations[self.peak_position] or 0.0


def live_strip(values: Sequence[float], tokens: Sequence[TokenText], position: int) -> Markup:
    """Coloured against the strip's own highest magnitude; `position` is underlined."""
    line = LiveLine(
        [token.text for token in tokens], [token.id for token in tokens], values, position
    )
    scale = max((abs(value) for value in values[1:] or values), default=0.0)
    return strip(line, scale or 1.0, counted_from=1 if len(values) > 1 else 0)
