"""Ablation to simulation and replacement: how well something stands in for a unit, by what becomes
of the network's output.

Ablation to simulation (Bills et al. 2023) is 1 − ΣJSD(stand-in)/ΣJSD(mean): 1 where the output
stays what it was, 0 where the stand-in does no better than the unit's mean. Replacement is the loss
recovered, 1 − (L_stand-in − L)/(L_mean − L), undefined where the mean may cost nothing: the
interval of L_mean − L includes 0. Sums over all places of all windows, so that a token counts as a
token; intervals resample documents, of two stand-ins the same ones, so that differences are paired.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from analysis.score.bootstrap import Resampled, intervals, resample
from analysis.score.pools import Pool
from analysis.score.reasons import FEW_DOCUMENTS, UNDEFINED_RESAMPLES
from analysis.score.records import Measured, or_none

StandIn: TypeAlias = Literal["program", "mean", "foil", "lookup_cut"]
Name: TypeAlias = Literal[
    "ablation_to_simulation", "replacement", "control_precision", "control_sign"
]

STAND_INS: Final[tuple[StandIn, ...]] = ("program", "mean", "foil", "lookup_cut")
CAUSAL_SCORES: Final[tuple[Name, ...]] = (
    "ablation_to_simulation", "replacement", "control_precision", "control_sign",
)  # fmt: skip
"""As in `app.store.views.causal`; a contract test compares them."""
ROUNDING: Final = 1e-10
"""Nats per place: what the output of a network in float32 may differ by for no reason."""
NO_EFFECT: Final = "the mean in its place changes nothing beyond rounding"
NO_LOSS: Final = "the model does not predict the next token, so it has no loss"
NO_GAP: Final = "the mean in its place may cost no loss: the interval of what it costs includes 0"
NO_COST: Final = "the mean in its place costs no loss but saves some, so there is none to recover"
GAP_UNKNOWN: Final = f"whether the mean in its place costs any loss is not known; {FEW_DOCUMENTS}"

NONE: Final = Measured()


@dataclass(frozen=True, eq=False)
class Effects:
    """Of one unit or a whole site, sums over the places of each window, by what stood in."""

    n_places: Int64[ndarray, " window"]
    clean_loss: Float64[ndarray, " window"]
    """NaN where the model has no loss."""
    divergence: Mapping[StandIn, Float64[ndarray, " window"]]
    """Without those that could not be had; `program` and `mean` there always are."""
    loss: Mapping[StandIn, Float64[ndarray, " window"]]


@dataclass(frozen=True)
class CausalScore:
    """One score with its interval, that of the baselines, and how far it exceeds the foil's."""

    name: Name
    score: Measured
    reason: str | None
    """Why there is no value, or no interval."""
    foil: float | None = None
    """Of control the mean over random other units, else of another unit's explanation."""
    lookup_cut: float | None = None
    difference: Measured = NONE
    """The value less the foil's, with the interval of that."""
    p: float | None = None
    """Of control: the share of the random other units and this one that do as well."""


@dataclass(frozen=True)
class Stood:
    """How a stand-in did."""

    simulation: CausalScore
    replacement: CausalScore
    mean_loss: Measured
    """What the mean in its place costs, in nats per place."""


def score_effects(effects: Effects, pool: Pool) -> Stood:
    """`pool`: the documents of the windows."""
    has_loss = bool(np.isfinite(effects.clean_loss).all())
    n = len(STAND_INS)
    columns = [_column(effects.divergence, one, effects.n_places) for one in STAND_INS]
    columns += [
        _column(effects.loss, one, effects.n_places, effects.clean_loss) for one in STAND_INS
    ]
    columns.append(effects.n_places.astype(np.float64))
    sums = pool.membership @ np.stack(columns, axis=1)

    def finish(totals: Float64[ndarray, "draw _"]) -> Float64[ndarray, "draw metric"]:
        divergence, loss, places = totals[:, :n], totals[:, n : 2 * n], totals[:, 2 * n]
        least = ROUNDING * places
        gap = np.divide(loss[:, 1], places, out=np.full(len(loss), np.nan), where=places > 0)
        return np.column_stack([_kept(divergence, least), _kept(loss, 0 * least), gap])

    found = resample(sums, finish, pool.draws, (None,) * (2 * 4 + 1))
    ends = intervals(found.replicates, found.n_documents)
    gap = _measured(found, ends, 8)
    simulation = _score("ablation_to_simulation", found, ends, 0, NO_EFFECT)
    why = _why_no_replacement(gap, has_loss=has_loss)
    if why is None:
        replacement = _score("replacement", found, ends, 4, NO_GAP)
    else:
        replacement = CausalScore("replacement", Measured(), why)
    return Stood(simulation, replacement, gap)


def _column(
    sums: Mapping[StandIn, Float64[ndarray, " window"]],
    name: StandIn,
    n_places: Int64[ndarray, " window"],
    clean: Float64[ndarray, " window"] | None = None,
) -> Float64[ndarray, " window"]:
    if name not in sums:
        return np.full(len(n_places), np.nan)
    return sums[name] if clean is None else sums[name] - clean


def _kept(
    costs: Float64[ndarray, "draw stand_in"], least: Float64[ndarray, " draw"]
) -> Float64[ndarray, "draw 4"]:
    """1 − cost / the mean's cost of program, foil and cut lookup, and the program's less the
    foil's; NaN where the mean costs no more than `least`."""
    mean = costs[:, 1]
    shares = np.divide(
        costs, mean[:, None], out=np.full_like(costs, np.nan), where=(mean > least)[:, None]
    )
    program, _, foil, cut = (1 - shares).T
    return np.column_stack([program, foil, cut, program - foil])


def _score(
    name: Name,
    found: Resampled,
    ends: Float64[ndarray, "metric 2"],
    first: int,
    undefined: str,
) -> CausalScore:
    score = _measured(found, ends, first)
    if score.value is None:
        return CausalScore(name, Measured(), undefined)
    return CausalScore(
        name,
        score,
        why_no_interval(score, found),
        foil=or_none(found.values[first + 1]),
        lookup_cut=or_none(found.values[first + 2]),
        difference=_measured(found, ends, first + 3),
    )


def _measured(found: Resampled, ends: Float64[ndarray, "metric 2"], at: int) -> Measured:
    value = or_none(found.values[at])
    if value is None:
        return Measured()
    return Measured(value, or_none(ends[at, 0]), or_none(ends[at, 1]))


def why_no_interval(score: Measured, found: Resampled) -> str | None:
    if score.value is None or score.low is not None:
        return None
    return UNDEFINED_RESAMPLES if len(found.replicates) else FEW_DOCUMENTS


def _why_no_replacement(gap: Measured, *, has_loss: bool) -> str | None:
    if not has_loss:
        return NO_LOSS
    if gap.low is None or gap.high is None:
        return GAP_UNKNOWN
    if gap.high < 0:
        return NO_COST
    return NO_GAP if gap.low <= 0 else None
