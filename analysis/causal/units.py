"""Some units of a site, each by itself: what stands in for it, and what is said of moving it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from analysis.causal.edits import Edit, Outcome, Outcomes, Tell, run_edits
from analysis.causal.moves import moved
from analysis.causal.standing_in import StandIns, edits_of, effects_of, held_at
from analysis.causal.windows import MeasuredText
from analysis.models.tracing import Check, EditableModel
from analysis.score.causal import StandIn, Stood, score_effects
from analysis.score.control import Controlled, Forecast, Moved, score_control


@dataclass(frozen=True)
class Move:
    """A unit held beyond its mean, and what is said to come of it."""

    value: float
    forecast: Forecast


@dataclass(frozen=True, eq=False)
class Claimed:
    """What is to be held to account of one unit."""

    unit: int
    standing: StandIns | None
    move: Move | None


@dataclass(frozen=True)
class Held:
    """What came of it; None where nothing was claimed."""

    stood: Stood | None
    controlled: Controlled | None


def measure_units(
    model: EditableModel,
    text: MeasuredText,
    site: str,
    claims: Sequence[Claimed],
    *,
    panel: Mapping[int, float],
    control_windows: int,
    check: Check,
    tell: Tell | None = None,
) -> list[Held]:
    """In the order of the claims; all of their edits share the unedited runs. `panel`: random units
    of the site, and the value that each is held at (`others_of`)."""
    edits: list[Edit] = []
    replaced: list[dict[StandIn, int]] = []
    for claim in claims:
        named = {} if claim.standing is None else edits_of([claim.standing])
        replaced.append({name: len(edits) + at for at, name in enumerate(named)})
        edits += named.values()
    held = {claim.unit: claim.move.value for claim in claims if claim.move is not None}
    held = {**panel, **held} if held else {}
    first = len(edits)
    edits += [held_at(unit, value, text, control_windows) for unit, value in held.items()]
    outcomes = run_edits(model, text, site, edits, check=check, tell=tell)
    part = text.first(control_windows)
    effects = dict(zip(held, _moved(outcomes.edits[first:], part), strict=True))
    return [
        Held(
            _stood(text, outcomes, stand_ins) if stand_ins else None,
            None
            if claim.move is None
            else _controlled(claim.unit, claim.move, effects, panel, part),
        )
        for claim, stand_ins in zip(claims, replaced, strict=True)
    ]


def others_of(unit: int, panel: Collection[int]) -> list[int]:
    """All of the panel but one: the unit, for none is its own control, or else the last."""
    return [one for one in panel if one != unit][: max(0, len(panel) - 1)]


def measure_site(
    model: EditableModel,
    text: MeasuredText,
    site: str,
    standing: Sequence[StandIns],
    *,
    check: Check,
) -> Stood:
    """All of these units replaced at once."""
    edits = edits_of(standing)
    outcomes = run_edits(model, text, site, list(edits.values()), check=check)
    return _stood(text, outcomes, {name: at for at, name in enumerate(edits)})


def _stood(text: MeasuredText, outcomes: Outcomes, places: dict[StandIn, int]) -> Stood:
    by_name: dict[StandIn, Outcome] = {name: outcomes.edits[at] for name, at in places.items()}
    return score_effects(effects_of(text, outcomes, by_name), text.pool)


def _moved(outcomes: Sequence[Outcome], part: MeasuredText) -> list[Moved]:
    n_places = np.array([len(places) for places in part.looked_at], np.int64)
    return [moved(_changes(one), n_places, part.pool) for one in outcomes]


def _controlled(
    unit: int, move: Move, effects: Mapping[int, Moved], panel: Collection[int], part: MeasuredText
) -> Controlled:
    others = [effects[one] for one in others_of(unit, panel)]
    return score_control(effects[unit], others, forecast=move.forecast, pool=part.pool)


def _changes(outcome: Outcome) -> Float32[ndarray, "window vocab"]:
    if outcome.changes is None:
        raise ValueError("an edit of control keeps what it changes")
    return outcome.changes
