"""Some units of a site, each by itself: what stands in for it, and what is said of moving it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from analysis.causal.edits import Edit, Outcome, Outcomes, Tell, run_edits
from analysis.causal.standing_in import StandIns, edits_of, effects_of, held_at
from analysis.causal.windows import MeasuredText
from analysis.models.tracing import Check, EditableModel
from analysis.score.causal import StandIn, Stood, score_effects
from analysis.score.control import Controlled, Forecast, score_control


@dataclass(frozen=True)
class Move:
    """A unit held beyond its mean, and what is said to come of it."""

    value: float
    forecast: Forecast
    other: tuple[int, float] | None
    """A random other unit of the site, and the value that it is held at instead."""


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
    control_windows: int,
    check: Check,
    tell: Tell | None = None,
) -> list[Held]:
    """In the order of the claims; all of their edits share the unedited runs."""
    edits: list[Edit] = []
    replaced: list[dict[StandIn, int]] = []
    moved: list[list[int]] = []
    for claim in claims:
        named = {} if claim.standing is None else edits_of([claim.standing])
        replaced.append({name: len(edits) + at for at, name in enumerate(named)})
        edits += named.values()
        held = [] if claim.move is None else _moves(claim.unit, claim.move, text, control_windows)
        moved.append([len(edits) + at for at in range(len(held))])
        edits += held
    outcomes = run_edits(model, text, site, edits, check=check, tell=tell)
    part = text.first(control_windows)
    return [
        Held(
            _stood(text, outcomes, stand_ins) if stand_ins else None,
            None if claim.move is None else _controlled(outcomes, own, claim.move, part),
        )
        for claim, stand_ins, own in zip(claims, replaced, moved, strict=True)
    ]


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


def _moves(unit: int, move: Move, text: MeasuredText, n_windows: int) -> list[Edit]:
    pairs = [(unit, move.value), *([] if move.other is None else [move.other])]
    return [held_at(one, value, text, n_windows) for one, value in pairs]


def _stood(text: MeasuredText, outcomes: Outcomes, places: dict[StandIn, int]) -> Stood:
    by_name: dict[StandIn, Outcome] = {name: outcomes.edits[at] for name, at in places.items()}
    return score_effects(effects_of(text, outcomes, by_name), text.pool)


def _controlled(
    outcomes: Outcomes, places: Sequence[int], move: Move, part: MeasuredText
) -> Controlled:
    own, *other = (_changes(outcomes.edits[at], len(part)) for at in places)
    return score_control(
        own,
        other[0] if other else None,
        n_places=np.array([len(places) for places in part.looked_at], np.int64),
        forecast=move.forecast,
        pool=part.pool,
    )


def _changes(outcome: Outcome, n_windows: int) -> Float32[ndarray, "window vocab"]:
    if outcome.changes is None:
        raise ValueError("an edit of control keeps what it changes")
    return outcome.changes[:n_windows]
