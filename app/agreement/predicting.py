"""One number of explanations beside what people made of them: how often it is right, and how much
more often than the best baseline on the same explanations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from analysis.agreement.acceptance import Advantage, advantage, auroc, point, spearman
from app.agreement.measuring import units_of
from app.agreement.remembering import MEMORY
from app.store.queries.given import Given
from app.store.views.agreement import PredictorView

SCORES: Final = {
    "corpus_r": "simulation r",
    "top_random_r": "simulation r, top and random windows",
    "detection": "detection",
    "fuzzing": "fuzzing",
    "auroc": "AUROC of firing",
}
OF_BASELINES: Final = {
    "lookup": "r of the token lookup",
    "shuffled": "r of another unit’s explanation",
}
BLIND: Final = {
    "length": "length of its text",
    "author": "what else of its author is accepted",
    "random": "a number drawn at random",
}
IN_STORE: Final = (*SCORES, *OF_BASELINES)
TITLES: Final = SCORES | OF_BASELINES | BLIND
RIVALS: Final = tuple(name for name in OF_BASELINES | BLIND if name != "random")
"""Of which each score is held against the best; chance is at 0.5 anyway."""
LEAST_SHARED: Final = 1 / 3
"""Of the explanations that have the score: a baseline that fewer have is no rival, or luck would
choose it."""
SEED: Final = 0

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """What people made of each explanation."""

    ids: list[int]
    units: NDArray[np.int64]
    accepted: Counts
    edit: Counts
    rejected: Counts
    unsure: Counts
    specificity: Numbers
    """The mean step; NaN: none."""
    sensitivity: Numbers

    @classmethod
    def of(cls, rows: Mapping[int, Sequence[Given]]) -> Self:
        """By explanation, in the order of ids."""
        ids = sorted(rows)
        accepted, edit, rejected, unsure = (
            np.array([sum(row.verdict == verdict for row in rows[n]) for n in ids], np.int64)
            for verdict in ("accept", "edit", "reject", "unsure")
        )
        specificity, sensitivity = (
            np.array([_mean_step(rows[number], scale) for number in ids], np.float64)
            for scale in ("specificity", "sensitivity")
        )
        units = units_of([row for number in ids for row in rows[number]])
        return cls(ids, units, accepted, edit, rejected, unsure, specificity, sensitivity)


def predictor(name: str, numbers: Mapping[str, Numbers], judged: Judged) -> PredictorView:
    counts = judged.accepted, judged.rejected, judged.units
    told = MEMORY.of(auroc, numbers[name], *counts, seed=SEED)
    specificity, sensitivity = (
        MEMORY.of(spearman, numbers[name], steps, judged.units, seed=SEED)
        for steps in (judged.specificity, judged.sensitivity)
    )
    rival = best_rival(name, numbers, judged)
    apart = Advantage(None, None, None, 0)
    if rival is not None:
        apart = MEMORY.of(advantage, numbers[name], numbers[rival], *counts, seed=SEED)
    return PredictorView(
        name=name,
        title=TITLES[name],
        is_baseline=name not in SCORES,
        auroc=told.value,
        low=told.low,
        high=told.high,
        n_explanations=told.n,
        n_units=told.n_units,
        n_accepted=told.n_accepted,
        n_rejected=told.n_rejected,
        n_standing=told.n_standing,
        best_baseline=None if rival is None else TITLES[rival],
        advantage=apart.value,
        advantage_low=apart.low,
        advantage_high=apart.high,
        n_advantage=apart.n,
        specificity=specificity.value,
        specificity_low=specificity.low,
        specificity_high=specificity.high,
        n_specificity=specificity.n,
        sensitivity=sensitivity.value,
        sensitivity_low=sensitivity.low,
        sensitivity_high=sensitivity.high,
        n_sensitivity=sensitivity.n,
    )


def best_rival(name: str, numbers: Mapping[str, Numbers], judged: Judged) -> str | None:
    """The baseline that leaves a score the least advantage, each on the explanations that have
    both; None of a baseline, and where none can be compared. Being chosen by the same verdicts, it
    looks a little better than it is, to the disadvantage of the score."""
    if name not in SCORES:
        return None
    has = ~np.isnan(numbers[name]) & (judged.accepted + judged.rejected > 0)
    left: dict[str, float] = {}
    for rival in RIVALS:
        both = has & ~np.isnan(numbers[rival])
        if both.sum() < max(1.0, LEAST_SHARED * has.sum()):
            continue
        counts = judged.accepted[both], judged.rejected[both]
        apart = point(numbers[name][both], *counts) - point(numbers[rival][both], *counts)
        if not np.isnan(apart):
            left[rival] = apart
    return min(left, key=left.__getitem__, default=None)


def _mean_step(rows: Sequence[Given], scale: str) -> float:
    told = [getattr(row, scale) for row in rows if getattr(row, scale) is not None]
    return float(np.mean(told)) if told else float("nan")
