"""What is put in the place of units, on the windows that are measured: the program's own value, the
mean, another unit's explanation through a line, the token lookup cut to the program's length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from analysis.causal.edits import Edit, Outcome, Outcomes
from analysis.causal.windows import MeasuredText
from analysis.programs.program import Program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.score.baselines import fit_line
from analysis.score.causal import STAND_INS, Effects, StandIn
from analysis.score.pools import Pool


@dataclass(frozen=True, eq=False)
class Readings:
    """Where programs are run."""

    measured: Reading
    """The windows of `MeasuredText`, in its order."""
    calibration: Reading
    calibrated_on: Pool


@dataclass(frozen=True, eq=False)
class StandIns:
    """Of one unit."""

    unit: int
    values: Mapping[StandIn, Float32[ndarray, "window pos"]]
    """On the measured windows; without a foil where there is none, or no line to it."""


def stand_ins(
    unit: int,
    program: Program,
    *,
    foil: Program | None,
    mean: float,
    calibration: Float32[ndarray, "window pos"],
    readings: Readings,
    lookup_cut: Float32[ndarray, "window pos"] | None = None,
) -> StandIns:
    """`mean`: on the fit pool; `calibration`: the unit's activations there, for the foil's line."""
    shape = readings.measured.shape
    values: dict[StandIn, Float32[ndarray, "window pos"]] = {
        "program": predict(program, readings.measured),
        "mean": np.full(shape, mean, np.float32),
    }
    if foil is not None:
        line = fit_line(calibration, predict(foil, readings.calibration), readings.calibrated_on)
        if line is not None:
            values["foil"] = line(predict(foil, readings.measured)).astype(np.float32)
    if lookup_cut is not None:
        values["lookup_cut"] = lookup_cut
    return StandIns(unit, values)


def edits_of(standing: Sequence[StandIns]) -> dict[StandIn, Edit]:
    """The units replaced all at once, by every stand-in that each of them has."""
    units = np.array([one.unit for one in standing], np.int64)
    return {
        name: Edit(units, np.stack([one.values[name] for one in standing]))
        for name in STAND_INS
        if all(name in one.values for one in standing)
    }


def effects_of(
    text: MeasuredText, outcomes: Outcomes, by_name: Mapping[StandIn, Outcome]
) -> Effects:
    """The sums of some of the edits, as scores want them."""
    return Effects(
        n_places=np.array([len(places) for places in text.looked_at], np.int64),
        clean_loss=outcomes.clean_loss,
        divergence={name: one.divergence for name, one in by_name.items()},
        loss={name: one.loss for name, one in by_name.items()},
    )


def held_at(unit: int, value: float, text: MeasuredText, n_windows: int) -> Edit:
    """The unit held at one value, and what that does to every token."""
    shape = (1, min(n_windows, len(text)), text.tokens.shape[1])
    return Edit(np.array([unit], np.int64), np.full(shape, value, np.float32), keeps_changes=True)
