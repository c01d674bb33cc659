"""Control: whether the tokens that were named beforehand rise and fall when the unit is moved.

The unit is held at its mean + k·σ at every counted position; of every token the change of its
log-probability is averaged over the places that are looked at. *Precision at 10*: the share of the
named risers among the ten tokens that rose most, and of the named fallers among the ten that fell
most, all of them together. *Sign agreement*: the share of the named tokens that moved the way that
was said. Beside both stand those of the same names when a random other unit is moved by k·σ of its
own. Intervals resample documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64
from numpy import ndarray

from analysis.score.bootstrap import Finish, Resampled, intervals, resample
from analysis.score.causal import CausalScore, Name, why_no_interval
from analysis.score.pools import Pool
from analysis.score.records import Measured, or_none

TOP = 10
NAMES: tuple[Name, Name] = ("control_precision", "control_sign")
NOTHING_NAMED = "no token is named"
NOTHING_MOVED = "the output did not change"


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
    """The same where the random unit is moved."""


def score_control(
    changes: Float32[ndarray, "window vocab"],
    other: Float32[ndarray, "window vocab"] | None,
    *,
    n_places: Int64[ndarray, " window"],
    forecast: Forecast,
    pool: Pool,
) -> Controlled:
    """`changes`: sums over the places of each window; `other`: of the random unit, if there is one
    that can be moved."""
    if not forecast.tokens or not changes.any():
        why = NOTHING_NAMED if not forecast.tokens else NOTHING_MOVED
        precision, sign = (CausalScore(name, Measured(), why) for name in NAMES)
        return Controlled(precision, sign, (), None)
    found = _resampled(changes, n_places, forecast, pool)
    ends = intervals(found.replicates, found.n_documents)
    beside = None if other is None else _resampled(other, n_places, forecast, pool, draws=False)
    scores = []
    for at, name in enumerate(NAMES):
        measured = Measured(
            or_none(found.values[at]), or_none(ends[at, 0]), or_none(ends[at, 1])
        )  # fmt: skip
        foil = None if beside is None else or_none(beside.values[at])
        scores.append(CausalScore(name, measured, why_no_interval(measured, found), foil=foil))
    return Controlled(
        scores[0],
        scores[1],
        _means(changes, n_places, forecast.tokens),
        None if other is None else _means(other, n_places, forecast.tokens),
    )


def _resampled(
    changes: Float32[ndarray, "window vocab"],
    n_places: Int64[ndarray, " window"],
    forecast: Forecast,
    pool: Pool,
    *,
    draws: bool = True,
) -> Resampled:
    sums = pool.membership.astype(np.float32) @ changes
    places = pool.membership @ n_places
    up, down = _rivals(sums, places, forecast.risers), _rivals(-sums, places, forecast.fallers)
    columns = [sums[:, up], sums[:, down], sums[:, list(forecast.tokens)]]
    finish = _finishing(forecast, up, down)
    chosen = pool.draws if draws else pool.draws[:0]
    return resample(
        np.concatenate(columns, axis=1).astype(np.float64), finish, chosen, (None, None)
    )


def _finishing(
    forecast: Forecast, up: Int64[ndarray, " up"], down: Int64[ndarray, " down"]
) -> Finish:
    n_risers, n = len(forecast.risers), len(forecast.tokens)
    signs = np.where(np.arange(n) < n_risers, 1.0, -1.0)

    def finish(totals: Float64[ndarray, "draw _"]) -> Float64[ndarray, "draw metric"]:
        rising, falling = totals[:, : len(up)], -totals[:, len(up) : len(up) + len(down)]
        named = totals[:, len(up) + len(down) :]
        hits = _among_top(named[:, :n_risers], rising)
        hits += _among_top(-named[:, n_risers:], falling)
        return np.column_stack([hits / n, (named * signs > 0).mean(1)])

    return finish


def _among_top(
    named: Float64[ndarray, "draw token"], rivals: Float64[ndarray, "draw rival"]
) -> Float64[ndarray, " draw"]:
    """How many of the named are no lower than the tenth highest of all."""
    if not named.shape[1]:
        return np.zeros(len(named))
    place = max(0, rivals.shape[1] - TOP)
    tenth = np.partition(rivals, place, axis=1)[:, place]
    return np.asarray((named >= tenth[:, None]).sum(1).astype(np.float64))


def _rivals(
    sums: Float[ndarray, "document vocab"],
    places: Float64[ndarray, " document"],
    named: Sequence[int],
) -> Int64[ndarray, " rival"]:
    """All tokens that can be among the ten highest in any resample, and those that are named.

    A resample's mean lies between the lowest and the highest of its documents. So the tenth highest
    is never below the least that any document says of the ten that are highest overall, and what
    no document lifts as high never counts.
    """
    means = sums / np.maximum(places, 1)[:, None]
    n = means.shape[1]
    overall = sums.sum(0)
    best = np.argpartition(overall, max(0, n - TOP))[max(0, n - TOP) :]
    least = means[:, best].min()
    can = means.max(0) >= least
    can[list(named)] = True
    return np.flatnonzero(can)


def _means(
    changes: Float32[ndarray, "window vocab"],
    n_places: Int64[ndarray, " window"],
    tokens: Sequence[int],
) -> tuple[float, ...]:
    means = changes[:, list(tokens)].sum(0, dtype=np.float64) / max(1, int(n_places.sum()))
    return tuple(means.tolist())
