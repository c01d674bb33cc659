"""Fits a short program to one unit: pick, join, set levels, keep what calibration bears out.

What is fitted is half way between the activation and its smoothed version (`smoothing`): picks
chosen from noisy means carry over worse. Levels are then set by ridge regression on the activation
itself, all rules together. Calibration decides which rules stay and whether anything is claimed at
all; no other text is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64
from numpy import ndarray

from analysis.explain.rules.candidates import Candidates
from analysis.explain.rules.grouping import group_picks, predicate_of
from analysis.explain.rules.pursuit import pursue
from analysis.programs.program import Program, Rule
from analysis.programs.reading import Reading
from analysis.programs.running import strength
from analysis.programs.writing import as_written

SMOOTHED_SHARE = 0.75
SHRINKAGE = 0.25
"""Of picks, in positions; small, because what they explain is smoothed already."""
LEVEL_SHRINKAGES = (4.0, 12.0, 40.0)
"""Of levels, in positions; calibration chooses."""
STEPS_PER_PICK = 1.5
MOST_PICKS = 160
CHANCE = 0.01
"""A program is claimed where no more than this share of shifts of calibration, against what is
predicted for it, fits as well: so many of the units without any rule pass by chance."""
NEAREST_SHIFT = 64
"""In tokens; nearer ones share words with the text itself."""


@dataclass(frozen=True, eq=False)
class FitText:
    """The fit pool, as rules see it."""

    candidates: Candidates
    counted: Bool[ndarray, "window pos"]


@dataclass(frozen=True, eq=False)
class CalibrationText:
    reading: Reading
    counted: Bool[ndarray, "window pos"]


def fit_rules(
    actual: Float32[ndarray, " position"],
    smoothed: Float32[ndarray, " position"],
    calibration: Float32[ndarray, " calibration_position"],
    *,
    fit: FitText,
    on: CalibrationText,
    most_rules: int = 12,
    most_listed: int = 120,
) -> Program:
    """The unit's program; one without rules where calibration bears nothing out."""
    target = SMOOTHED_SHARE * smoothed + (1 - SMOOTHED_SHARE) * actual
    base = float(target.mean())
    picks, weights = pursue(
        np.ascontiguousarray(target - base, np.float32),
        fit.candidates,
        shrinkage=SHRINKAGE,
        steps=int(STEPS_PER_PICK * MOST_PICKS),
        most_listed=most_listed,
        most_picks=MOST_PICKS,
    )
    groups = group_picks(picks.tolist(), weights.tolist(), fit.candidates, most_rules=most_rules)
    if not groups:
        return Program(as_written(base))
    held = np.stack([fit.candidates.holds(group.picks) for group in groups]).astype(np.float32)
    predicates = [predicate_of(group, fit.candidates) for group in groups]
    there = np.stack([strength(p, on.reading)[on.counted] for p in predicates]).astype(np.float32)
    base, levels = max(
        set_levels(held, actual, LEVEL_SHRINKAGES),
        key=lambda found: correlation(calibration, found[1].astype(np.float32) @ there),
    )
    if not is_borne_out(calibration, levels.astype(np.float32) @ there):
        return Program(as_written(float(actual.mean())))
    rules = [
        Rule(predicate, as_written(float(level)))
        for predicate, level in zip(predicates, levels, strict=True)
        if level
    ]
    rules.sort(key=lambda rule: -rule.level)
    return Program(as_written(float(base)), tuple(rules))


def set_levels(
    held: Float32[ndarray, "rule position"],
    actual: Float32[ndarray, " position"],
    shrinkages: Sequence[float],
) -> list[tuple[float, Float64[ndarray, " rule"]]]:
    """Base and levels of all rules together, by ridge regression; the base is not shrunk."""
    means = held.mean(1).astype(np.float64)
    n = held.shape[1]
    gram = (held @ held.T).astype(np.float64) - n * np.outer(means, means)
    mean = float(actual.mean())
    right = (held @ (actual - np.float32(mean))).astype(np.float64)
    found = []
    for shrinkage in shrinkages:
        levels = np.linalg.solve(gram + shrinkage * np.eye(len(gram)), right)
        found.append((mean - float(levels @ means), levels))
    return found


def correlation(actual: ndarray, predicted: ndarray) -> float:
    """Pearson's; −1 where it is undefined, so that such a prediction is never chosen."""
    a, p = actual - actual.mean(), predicted - predicted.mean()
    scale = float(np.sqrt((a @ a) * (p @ p)))
    return float(a @ p) / scale if scale > 0 else -1.0


def is_borne_out(actual: ndarray, predicted: ndarray) -> bool:
    """Whether the prediction fits where it stands better than shifted along the text.

    All circular shifts at once, as a cross-correlation. Unlike a standard error this holds for
    units that fire a few times only.
    """
    a, p = actual - actual.mean(dtype=np.float64), predicted - predicted.mean(dtype=np.float64)
    if len(a) <= 2 * NEAREST_SHIFT or not p.any():
        return False
    fits = np.fft.irfft(np.fft.rfft(a) * np.conj(np.fft.rfft(p)), len(a))
    others = fits[NEAREST_SHIFT : len(fits) - NEAREST_SHIFT]
    better = 1 + int(np.count_nonzero(others >= fits[0]))
    return float(fits[0]) > 0 and better <= CHANCE * len(others)
