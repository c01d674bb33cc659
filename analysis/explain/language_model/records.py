"""What the language-model explainer and its judges take, and what they give back."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Float32, Int64
from numpy import ndarray

from analysis.assistants.asked import Asked

JudgeName = Literal["simulation", "detection", "fuzzing"]


@dataclass(frozen=True)
class Excerpt:
    """A window, or a part of one, with a unit's activations."""

    tokens: tuple[str, ...]
    activations: Float32[ndarray, " pos"]
    document: int

    def __post_init__(self) -> None:
        if not self.tokens:
            raise ValueError("an excerpt has at least one token")
        if self.activations.shape != (len(self.tokens),):
            raise ValueError("an excerpt has one activation per token")
        if not np.isfinite(self.activations).all():
            raise ValueError("NaN and infinite activations must be left out of excerpts")

    @property
    def negated(self) -> "Excerpt":
        """The same of the unit's negative tail: what is low is now high."""
        return replace(self, activations=-self.activations)


@dataclass(frozen=True)
class Simulated:
    """What a model thinks the activations are."""

    judge: Literal["simulation"]
    model: str
    predictions: Float32[ndarray, "window pos"]
    """From 0 to 10, in no unit of the activations; NaN past a window's end, and all along windows
    of which no answer could be read."""
    answered: Bool[ndarray, " window"]
    n_expected: int
    """Windows whose predictions are expected values from log-probabilities rather than digits."""
    n_failed: int
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class Verdicts:
    """What a model says window by window; cases without a readable answer are left out."""

    judge: Literal["detection", "fuzzing"]
    model: str
    verdicts: Bool[ndarray, " case"]
    truth: Bool[ndarray, " case"]
    windows: Int64[ndarray, " case"]
    """Which of the given excerpts it is about; in fuzzing each is there twice."""
    n_left_out: int
    """Cases without a verdict."""
    n_failed: int
    """Answers that could not be read."""
    asked: tuple[Asked, ...]


Judged: TypeAlias = Simulated | Verdicts


@dataclass(frozen=True)
class Candidate:
    text: str
    merit: float | None
    """On calibration: r of the simulation, else balanced accuracy. None: undefined, not asked, or
    no answer could be read."""
    judged: Judged | None


@dataclass(frozen=True)
class ModelExplanation:
    text: str | None
    """None: there is none, and `failure` says why."""
    candidates: tuple[Candidate, ...]
    chosen: int | None
    negated: bool
    """It is about what makes the unit's activation low."""
    asked: tuple[Asked, ...]
    """Of the explainer; the judges' are in the candidates."""
    n_failed: int
    """Candidates that could not be read."""
    failure: str | None
