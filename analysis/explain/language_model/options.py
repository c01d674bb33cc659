"""What the worker chooses for explainer and judges."""

from dataclasses import dataclass

from analysis.explain.language_model.prompts import Style


@dataclass(frozen=True)
class ExplainerOptions:
    model: str
    candidates: int = 1
    style: Style = "pairs"
    most_excerpts: int = 8
    before: int = 24
    after: int = 6
    """Tokens shown around the peak of an excerpt: what comes after it cannot have caused it."""
    thinking_tokens: int = 0
    """Added to the length that an answer may have, for models that reason first."""
    seed: int = 0


@dataclass(frozen=True)
class JudgeOptions:
    model: str
    threshold: float = 0.0
    """An activation above this counts as firing (of a negated excerpt: its negated activation)."""
    windows_per_call: int = 5
    thinking_tokens: int = 0
    seed: int = 0
