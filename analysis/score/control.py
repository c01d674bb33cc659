"""Control: whether the tokens that were named beforehand rise and fall when the unit is moved.

The unit is held at its mean + k·σ at every counted position; of every token the change of its
log-probability is averaged over the places that are looked at. *Precision at 10*: the share of the
named risers among the ten tokens that rose most, and of the named fallers among the ten that fell
most, all of them together. *Sign agreement*: the share of the named tokens that moved the way that
was said.

Beside both stand those of the same names under a panel of random other units of the site, each
moved by k·σ of its own: their mean, how far the unit exceeds that (an interval of its own, for all
are measured on the same documents), and p, the share of the panel and the unit itself that do as
well as the unit. Intervals resample documents; p is what other *units* would do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from analysis.score.bootstrap import Resampled, intervals
from analysis.score.causal import CausalScore, Name, why_no_interval
from analysis.score.pools import Pool
from analysis.score.records import Measured, or_none

TOP = 10
NAMES: tuple[Name, Name] = ("control_precision", "control_sign")
NOTHING_NAMED = "no token is named"
NOTHING_MOVED = "the output did not change"
ROUNDING = 1e-6
"""Of a sum in float32: the tenth token may itself be named, and summed in another order."""


@dataclass(frozen=True)
class Forecast:
    """Token ids that are said to move most, the most moved first."""

    risers: tuple[int, ...]
    fallers: tuple[int, ...]

    @property
    def tokens(self) -> tuple[int, ...]:
        return (*self.risers, *self.fallers)


@dataclass(frozen=True)
class Controlled:
    precision: CausalScore
    sign: CausalScore
    changes: tuple[float, ...]
    """Mean change of the log-probability of each named token, risers first; nats."""
    others: tuple[float, ...] | None
    """The same, mean over the panel's moves."""


@dataclass(frozen=True, eq=False)
class Moved:
    """What one move does, by document; and how much a token has to rise, or fall, to be among the
    ten that do most: of all documents first, then of every resample of them."""

    sums: Float32[ndarray, "document vocab"]
    """Changes of log-probabilities, over all places."""
    n_places: float
    risen: Float64[ndarray, " draw"]
    """The tenth highest sum."""
    fallen: Float64[ndarray, " draw"]
    """The tenth highest of the negated sums."""


def score_control(
    own: Moved, panel: Sequence[Moved], *, forecast: Forecast, pool: Pool
) -> Controlled:
    """`panel`: what the moves of random other units do to the same windows."""
    if not forecast.tokens or not own.sums.any():
        why = NOTHING_NAMED if not forecast.tokens else NOTHING_MOVED
        precision, sign = (CausalScore(name, Measured(), why) for name in NAMES)
        return Controlled(precision, sign, (), None)
    found = _resampled(own, forecast, pool)
    beside = [_resampled(one, forecast, pool) for one in panel]
    ends = intervals(found.replicates, found.n_documents)
    scores = [_score(at, found, ends, beside) for at in range(len(NAMES))]
    others = [_means(one, forecast.tokens) for one in panel]
    return Controlled(
        scores[0],
        scores[1],
        tuple(_means(own, forecast.tokens).tolist()),
        tuple(np.mean(others, axis=0).tolist()) if others else None,
    )


def _score(
    at: int, found: Resampled, ends: Float64[ndarray, "metric 2"], beside: Sequence[Resampled]
) -> CausalScore:
    measured = Measured(or_none(found.values[at]), or_none(ends[at, 0]), or_none(ends[at, 1]))
    why = why_no_interval(measured, found)
    if not beside:
        return CausalScore(NAMES[at], measured, why)
    values = np.array([one.values[at] for one in beside])
    replicates = np.mean([one.replicates[:, at] for one in beside], axis=0)
    low, high = intervals((found.replicates[:, at] - replicates)[:, None], found.n_documents)[0]
    foil = float(values.mean())
    return CausalScore(
        NAMES[at],
        measured,
        why,
        foil=foil,
        difference=Measured(float(found.values[at]) - foil, or_none(low), or_none(high)),
        p=(1 + int((values >= found.values[at]).sum())) / (1 + len(values)),
    )


def _resampled(moved: Moved, forecast: Forecast, pool: Pool) -> Resampled:
    n_risers = len(forecast.risers)
    signs = np.where(np.arange(len(forecast.tokens)) < n_risers, 1.0, -1.0)
    named = every_draw(pool) @ moved.sums[:, list(forecast.tokens)].astype(np.float64) * signs
    least = np.where(signs > 0, moved.risen[:, None], moved.fallen[:, None])
    hits = named >= least - ROUNDING * np.abs(least)
    found = np.column_stack([hits.mean(1), (named > 0).mean(1)])
    return Resampled(found[0], found[1:], (None, None), n_documents=pool.draws.shape[1])


def every_draw(pool: Pool) -> Float64[ndarray, "draw document"]:
    """All documents once, then every resample."""
    return np.vstack([np.ones((1, pool.draws.shape[1])), pool.draws])


def _means(moved: Moved, tokens: Sequence[int]) -> Float64[ndarray, " token"]:
    found = moved.sums[:, list(tokens)].sum(0, dtype=np.float64) / max(1.0, moved.n_places)
    return np.asarray(found)
