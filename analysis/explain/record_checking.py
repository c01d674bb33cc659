"""Published simulations checked: their scores computed again, beside those that the file claims.

A file of simulations holds predictions beside true activations, so every score follows from it. How
its excerpts were chosen it does not say; the strongest and random ones, 1:1, is usual.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from analysis.explain.neuron_records import (
    ScoredExplanation,
    ScoredSequenceSimulation,
    ScoredSimulation,
)
from analysis.score.baselines import Baselines
from analysis.score.correlation import simulation
from analysis.score.pools import PoolText, prepare_pool
from analysis.score.records import MetricScore, Scores
from analysis.score.scoring import score_explanation
from analysis.score.units import Prediction

CLAIMED = {
    "corpus_r": "ev_correlation_score",
    "r2_uncentred": "rsquared_score",
    "r2_centred": None,
    "deviation": "absolute_dev_explained_score",
}
"""Our metrics, and what the format calls them; it has no centred R²."""
TOLERANCE = 1e-3
"""Published numbers come from float32, and from other orders of adding up."""


@dataclass(frozen=True)
class Claim:
    """A score as it follows from the simulations, beside the one that the file has."""

    metric: MetricScore
    claimed: float | None
    is_claimed: bool
    """False: the format has no such score."""
    is_checked: bool
    """False: the file has no simulations that it could follow from."""

    @property
    def differs(self) -> bool:
        comparable = self.is_claimed and self.is_checked
        return comparable and is_different(self.metric.score.value, self.claimed)


@dataclass(frozen=True)
class CheckedExplanation:
    explanation: str
    claims: tuple[Claim, ...]
    n_sequences: int
    n_tokens: int
    n_differing: int
    """Sequences with a score that differs from the one that the file has for it."""
    is_in_activations: bool
    """False: some predictions are levels from 0 to 10, so R² and deviation say nothing."""


def check_explanation(scored: ScoredExplanation, *, seed: int = 0) -> CheckedExplanation:
    """All sequences together; for intervals distinct texts are resampled."""
    whole = scored.scored_simulation
    sequences = whole.scored_sequence_simulations
    lengths = np.array([len(one.true_activations) for one in sequences], np.int64)
    numbers: dict[tuple[str, ...], int] = {}
    texts = [numbers.setdefault(one.simulation.tokens, len(numbers)) for one in sequences]
    documents = np.array(texts, np.int64)
    actual = _side_by_side([one.true_activations for one in sequences])
    predicted = _side_by_side([one.simulation.expected_activations for one in sequences])
    scores = score_explanation(
        actual,
        Prediction(predicted),
        baselines=Baselines(mean=None),
        pool=prepare_pool(
            PoolText(lengths, documents, np.arange(len(sequences)), counted_from=0),
            n_pos=actual.shape[1],
            seed=seed,
        ),
        firing=None,
    )
    return CheckedExplanation(
        explanation=scored.explanation,
        claims=_claims(scores, whole),
        n_sequences=len(sequences),
        n_tokens=int(lengths.sum()),
        n_differing=sum(map(_differs, sequences)),
        is_in_activations=all(
            one.simulation.activation_scale == "neuron_activations" for one in sequences
        ),
    )


def is_different(ours: float | None, theirs: float | None) -> bool:
    """By more than rounding; undefined is the same as undefined only."""
    if ours is None or theirs is None:
        return ours is not theirs
    return abs(ours - theirs) > TOLERANCE * max(1.0, abs(ours))


def _claims(scores: Scores, whole: ScoredSimulation) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            metric=scores.of(name),
            claimed=None if field is None else getattr(whole, field),
            is_claimed=field is not None,
            is_checked=bool(whole.scored_sequence_simulations),
        )
        for name, field in CLAIMED.items()
    )


def _differs(sequence: ScoredSequenceSimulation) -> bool:
    """Claims of single sequences; one that is missing claims nothing."""
    actual = np.array(sequence.true_activations, np.float64)
    predicted = np.array(sequence.simulation.expected_activations, np.float64)
    computed = dict(zip(CLAIMED, simulation(actual, predicted).tolist(), strict=True))
    claims = {name: getattr(sequence, field) for name, field in CLAIMED.items() if field}
    return any(
        claimed is not None
        and is_different(computed[name] if np.isfinite(computed[name]) else None, claimed)
        for name, claimed in claims.items()
    )


def _side_by_side(rows: Sequence[tuple[float, ...]]) -> Float64[ndarray, "window pos"]:
    """NaN behind a row's end."""
    matrix = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for place, row in enumerate(rows):
        matrix[place, : len(row)] = row
    return matrix
