"""Fits a short program to one unit; calibration chooses among few, or none.

Two ways are tried. `covering` looks for exact rules, one after the other; where few of them explain
nearly everything, that is the program. Else `pursuit` picks what explains most of what is half way
between the activation and its smoothed version (picks chosen from noisy means carry over worse),
and `grouping` joins the picks to programs of several lengths. Levels are set on the activation
itself, all rules together. Calibration chooses the way, the length and the shrinkage, and whether
anything is claimed at all; no other text is looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float32, Float64
from numpy import ndarray

from analysis.explain.rules.candidates import Candidates
from analysis.explain.rules.claiming import defined_or_least, is_borne_out
from analysis.explain.rules.covering import LISTED_BITS, RULE_BITS, Cover, best_cover, rest_of
from analysis.explain.rules.grouping import Group, group_picks, predicate_of
from analysis.explain.rules.levels import set_levels
from analysis.explain.rules.narrowing import narrowed
from analysis.explain.rules.pursuit import pursue
from analysis.programs.length import n_listed
from analysis.programs.program import Predicate, Program, Rule
from analysis.programs.reading import Reading
from analysis.programs.running import strength
from analysis.programs.writing import as_written
from analysis.score.correlation import cosine, less_mean

SMOOTHED_SHARE = 0.6
SHRINKAGE = 0.25
"""Of picks, in positions; small, because what they explain is smoothed already."""
LEVEL_SHRINKAGES = (1.0, 5.0, 25.0)
"""Of levels, in positions; calibration chooses."""
STEPS_PER_PICK = 1.5
MOST_PICKS = 120
LENGTHS = (18, 12, 8, 5, 3, 2, 1)
"""Rules in all, at most; those of twelve in each tail."""
BIT_PRICE = 0.05
"""Bits that calibration must save for each bit of a longer program. One would be minimal
description length, for a reader who pays by the bit; r would suffer."""
GIVES_UP = 2
"""Lengths in turn that are worth less than a longer one, before no shorter one is tried."""
MOST_COVERS = 6
CONDITIONS = 2
COVER_SHRINKAGE = 0.01
SOLVED = 1e-4
"""Share of the variance that need not be explained."""
WORTH_COVERING = 0.3
"""Share of the variance that the first exact rule must explain, before it is narrowed, for more to
be looked for."""
EXPLAINED = 0.9
"""Share of calibration's variance from which on exact rules are the program."""


@dataclass(frozen=True, eq=False)
class FitText:
    """The fit pool, as rules see it."""

    candidates: Candidates
    counted: Bool[ndarray, "window pos"]


@dataclass(frozen=True, eq=False)
class CalibrationText:
    reading: Reading
    counted: Bool[ndarray, "window pos"]


@dataclass(frozen=True, eq=False)
class Trial:
    """A program that calibration may choose; it is put into words once it is chosen."""

    base: float
    levels: Float64[ndarray, " rule"]
    predicates: Callable[[], list[Predicate]]
    bits: float
    """Nearly what writing it down takes."""
    predicted: Float32[ndarray, " calibration_position"]
    r: float

    @property
    def worth(self) -> float:
        """Bits that it saves on calibration, less the price of its own."""
        n, r = len(self.predicted), min(max(self.r, 0.0), 1 - 1e-6)
        return -0.5 * n * float(np.log2(1 - r * r)) - BIT_PRICE * self.bits

    def program(self) -> Program:
        rules = [
            Rule(predicate, as_written(float(level)))
            for predicate, level in zip(self.predicates(), self.levels, strict=True)
            if level
        ]
        rules.sort(key=lambda rule: -rule.level)
        return Program(as_written(self.base), tuple(rules))


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
    """The unit's program; one without rules where calibration bears nothing out.

    At most `most_rules` in each tail. What is not finite is left out: as evidence for nothing on
    fit, and entirely on calibration.
    """
    finite = np.isfinite(actual)
    if not finite.any():
        return Program(0.0)
    mean = actual[finite].mean(dtype=np.float64)
    nothing = Program(as_written(float(mean)))
    if not finite.all():
        actual = np.where(finite, actual, np.float32(mean))
    if actual.min() == actual.max() or not np.isfinite(calibration).any():
        return nothing
    judge = _Judge(calibration, on)
    trials = list(_cover(actual, fit, judge, most_rules, most_listed))
    if not any(trial.r > 0 and trial.r**2 >= EXPLAINED for trial in trials):
        trials += _pursue(actual, smoothed, fit, judge, most_rules, most_listed)
    best = max(trials, key=lambda trial: trial.worth, default=None)
    return nothing if best is None or not judge.claims(best) else best.program()


class _Judge:
    """Calibration: what rules say there, and how well that fits."""

    def __init__(
        self, actual: Float32[ndarray, " calibration_position"], on: CalibrationText
    ) -> None:
        self._finite = np.isfinite(actual)
        self._actual = actual[self._finite]
        self._centred = less_mean(self._actual)
        self._on = on

    def there(self, predicates: Sequence[Predicate]) -> Float32[ndarray, "rule position"]:
        on = self._on
        rows = [strength(one, on.reading)[on.counted][self._finite] for one in predicates]
        return np.array(rows, np.float32).reshape(len(rows), len(self._actual))

    def try_levels(
        self,
        predicates: Callable[[], list[Predicate]],
        bits: float,
        there: Float32[ndarray, "rule position"],
        base: float,
        levels: Float64[ndarray, " rule"],
    ) -> Trial:
        predicted = levels.astype(np.float32) @ there
        r = defined_or_least(cosine(self._centred, less_mean(predicted)))
        return Trial(base, levels, predicates, bits, predicted, r)

    def claims(self, trial: Trial) -> bool:
        return is_borne_out(self._actual, trial.predicted)


def _cover(
    actual: Float32[ndarray, " position"],
    fit: FitText,
    judge: _Judge,
    most_rules: int,
    most_listed: int,
) -> Iterator[Trial]:
    """Programs of one exact rule, of two, and so on, as long as they pay and are on the way to
    explain nearly everything: a third after one, half after two, six tenths after three."""
    rest = rest_of(actual)
    whole = rest.error
    covers: list[Cover] = []
    held, there = np.zeros((0, len(actual)), np.float32), judge.there([])
    for number in range(min(MOST_COVERS, most_rules)):
        cover = best_cover(rest, fit.candidates)
        if cover is None or (not number and cover.gain < WORTH_COVERING * whole):
            return
        for _ in range(CONDITIONS):
            cover = narrowed(cover, rest, fit.candidates)
        covers.append(cover)
        predicates = [cover.predicate for cover in covers]
        if n_listed(Program(0.0, tuple(Rule(one, 1.0) for one in predicates))) > most_listed:
            return
        held = np.vstack([held, cover.held])
        there = np.vstack([there, judge.there([cover.predicate])])
        base, levels = set_levels(held, actual, [COVER_SHRINKAGE])[0]
        bits = sum(cover.bits for cover in covers)
        yield judge.try_levels(partial(list, predicates), bits, there, base, levels)
        rest = rest_of(actual - levels.astype(np.float32) @ held)
        n = len(covers)
        if rest.error < SOLVED * whole or rest.error > whole * 2 / (n + 2):
            return


def _pursue(
    actual: Float32[ndarray, " position"],
    smoothed: Float32[ndarray, " position"],
    fit: FitText,
    judge: _Judge,
    most_rules: int,
    most_listed: int,
) -> Iterator[Trial]:
    """Programs of all lengths."""
    target = SMOOTHED_SHARE * smoothed + (1 - SMOOTHED_SHARE) * actual
    picks, weights = pursue(
        np.ascontiguousarray(target - target.mean(dtype=np.float64), np.float32),
        fit.candidates,
        shrinkage=SHRINKAGE,
        steps=int(STEPS_PER_PICK * MOST_PICKS),
        most_listed=most_listed,
        most_picks=MOST_PICKS,
    )
    lengths = [n for n in LENGTHS if n < 2 * most_rules] + [2 * most_rules]
    longest: list[Group] = []
    held, there = np.zeros((2, 0, 0), np.float32)
    best, worse = -np.inf, 0
    for groups in group_picks(
        picks, weights, fit.candidates, lengths=lengths, most_in_tail=most_rules
    ):
        if not groups:
            return
        if not longest:
            longest = groups
            held = np.stack([fit.candidates.holds(group.picks) for group in groups])
            held = held.astype(np.float32)
            there = judge.there(_predicates(groups, fit.candidates))
        parts = [_parts(group, longest) for group in groups]
        held_now, there_now = _united(held, parts), _united(there, parts)
        predicates = partial(_predicates, groups, fit.candidates)
        n_picks = sum(len(group.picks) for group in groups)
        bits = RULE_BITS * len(groups) + LISTED_BITS * n_picks
        trials = [
            judge.try_levels(predicates, bits, there_now, base, levels)
            for base, levels in set_levels(held_now, actual, LEVEL_SHRINKAGES)
        ]
        yield from trials
        worth = max(trial.worth for trial in trials)
        best, worse = max(best, worth), 0 if worth > best else worse + 1
        if worse == GIVES_UP:
            return


def _united(
    held: Float32[ndarray, "longest position"], parts: Sequence[Sequence[int]]
) -> Float32[ndarray, "rule position"]:
    """Where any part of each rule holds."""
    rows = np.empty((len(parts), held.shape[1]), np.float32)
    for row, part in zip(rows, parts, strict=True):
        row[:] = held[part[0]]
        for other in part[1:]:
            np.maximum(row, held[other], out=row)
    return rows


def _predicates(groups: Sequence[Group], candidates: Candidates) -> list[Predicate]:
    return [predicate_of(group, candidates) for group in groups]


def _parts(group: Group, longest: Sequence[Group]) -> list[int]:
    """Which groups of the longest program this one is made of."""
    mine = set(group.picks)
    return [number for number, other in enumerate(longest) if other.picks[0] in mine]
