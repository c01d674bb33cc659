"""Scores of a block of units of one site: each unit's rules and its lookup, on every tested split.

The shuffled baseline of a unit is the explanation of the next unit of the block; p asks of all of
them (`score.foils`). Fit and calibration are looked at for thresholds and lines alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from analysis.explain.texts import Texts, UnitTops
from analysis.programs.program import Program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.score.baselines import Baselines, fit_line
from analysis.score.calibration import Linear
from analysis.score.division import CALIBRATION, FIT
from analysis.score.foils import chances, correlations
from analysis.score.lookup import Lookup, predict_lookup
from analysis.score.records import Scores, or_none
from analysis.score.scoring import Shared, decide, score_explanation
from analysis.score.tails import find_firing
from analysis.score.units import Decisions, Prediction, Target, take_target


class BlockScores:
    """Predictions of a block on every split; each is made once."""

    def __init__(
        self,
        texts: Texts,
        by_split: Mapping[str, Float32[ndarray, "unit window pos"]],
        tops: Mapping[str, Sequence[UnitTops | None]],
        programs: Sequence[Program | None],
        lookups: Mapping[str, Lookup],
    ) -> None:
        """`lookups`: `whole`, `short` as it is shown, `cut` to the length of each unit's rules."""
        self._texts, self._by_split, self._tops = texts, by_split, tops
        self._programs, self._lookups = programs, lookups
        self._firing = find_firing(by_split[FIT], texts.fit.counted)
        there = texts.calibration.windows.tokens
        self._shared: dict[str, tuple[int, Shared]] = {}
        self._calibration: tuple[int, Target | None] = (-1, None)
        self._p: dict[tuple[str, str], Float64[ndarray, " unit"]] = {}
        self._chosen: dict[tuple[str, int, int], Decisions] = {}
        self._lines: dict[tuple[str, int], Linear | None] = {}
        self._values: dict[tuple[int, str], Float32[ndarray, "window pos"]] = {}
        self._decisions: dict[str, Sequence[Float32[ndarray, "window pos"] | None]] = {
            "rules": [
                None if program is None else predict(program, texts.calibration.reading)
                for program in programs
            ],
            **{name: list(predict_lookup(lookup, there)) for name, lookup in lookups.items()},
        }
        self._tables = {
            split: {
                name: predict_lookup(lookup, text.windows.tokens)
                for name, lookup in lookups.items()
            }
            for split, text in texts.tested.items()
        }

    def of_rules(self, unit: int) -> dict[str, Scores]:
        return {} if self._programs[unit] is None else self._scores(unit, "rules")

    def of_lookup(self, unit: int) -> dict[str, Scores]:
        return self._scores(unit, "short")

    def _scores(self, unit: int, kind: str) -> dict[str, Scores]:
        scores = {}
        for split, text in self._texts.tested.items():
            top = self._top(split, unit)
            ours = Prediction(
                self._explained(kind, unit, split),
                self._decide(kind, unit, unit),
                None if top is None else self._on_top(kind, unit, top),
            )
            scores[split] = score_explanation(
                self._by_split[split][unit],
                ours,
                baselines=Baselines(
                    mean=or_none(float(self._lookups["whole"].base[unit])),
                    lookup=self._looked_up("whole", unit, split, top),
                    shuffled=self._shuffled(kind, unit, split, top),
                    lookup_cut=self._looked_up("cut", unit, split, top)
                    if kind == "rules"
                    else ours,
                ),
                pool=text.pool,
                firing=self._firing[unit],
                top=None if top is None else top.about,
                shared=self._share(split, unit, top),
                p=or_none(float(self._chances(kind, split)[unit])),
            )
        return scores

    def _chances(self, kind: str, split: str) -> Float64[ndarray, " unit"]:
        """Of being no better than the explanations of the others; NaN without an explanation."""
        if (kind, split) not in self._p:
            counted = self._texts.tested[split].counted
            explained = [
                unit
                for unit, program in enumerate(self._programs)
                if kind != "rules" or program is not None
            ]
            predicted = [self._explained(kind, unit, split)[counted] for unit in explained]
            p = np.full(len(self._programs), np.nan)
            if explained:
                actual = self._by_split[split][explained][:, counted]
                p[explained] = chances(correlations(actual, np.stack(predicted)))
            self._p[kind, split] = p
        return self._p[kind, split]

    def _explained(self, kind: str, unit: int, split: str) -> Float32[ndarray, "window pos"]:
        """What the explanation of a unit that has one says."""
        program = self._programs[unit]
        if kind == "rules" and program is not None:
            return self._predicted(unit, split, program)
        return np.asarray(self._tables[split]["short"][unit])

    def _share(self, split: str, unit: int, top: UnitTops | None) -> Shared:
        """Kept for the unit that was scored last: its rules and its lookup come in turn."""
        last, shared = self._shared.get(split, (-1, None))
        if last != unit or shared is None:
            target = take_target(
                self._by_split[split][unit],
                self._texts.tested[split].pool,
                firing=self._firing[unit],
                top=None if top is None else top.about,
            )
            shared = Shared(target)
            self._shared[split] = unit, shared
        return shared

    def _predicted(self, unit: int, split: str, program: Program) -> Float32[ndarray, "window pos"]:
        """Each unit's prediction is scored, and then is its neighbour's shuffled one."""
        if (unit, split) not in self._values:
            self._values[unit, split] = predict(program, self._texts.tested[split].reading)
        return self._values[unit, split]

    def _looked_up(self, name: str, unit: int, split: str, top: UnitTops | None) -> Prediction:
        return Prediction(
            self._tables[split][name][unit],
            self._decide(name, unit, unit),
            None if top is None else self._on_top(name, unit, top),
        )

    def _shuffled(
        self, kind: str, unit: int, split: str, top: UnitTops | None
    ) -> Prediction | None:
        """The explanation of the next unit that has one."""
        n = len(self._programs)
        for step in range(1, n):
            other = (unit + step) % n
            if kind == "rules" and self._programs[other] is None:
                continue
            return Prediction(
                self._explained(kind, other, split),
                self._decide(kind, unit, other),
                None if top is None else self._on_top(kind, other, top),
                self._line(kind, unit, other),
            )
        return None

    def _line(self, kind: str, unit: int, other: int) -> Linear | None:
        """From what another unit's explanation says to this unit's activations."""
        predicted = self._decisions[kind][other]
        if (kind, unit) not in self._lines and predicted is not None:
            actual, pool = self._by_split[CALIBRATION][unit], self._texts.calibration.pool
            self._lines[kind, unit] = fit_line(actual, predicted, pool)
        return self._lines.get((kind, unit))

    def _decide(self, kind: str, unit: int, other: int) -> Decisions:
        predicted = self._decisions[kind][other]
        if predicted is None:
            return Decisions()
        if (kind, unit, other) not in self._chosen:
            self._chosen[kind, unit, other] = decide(self._on_calibration(unit), predicted)
        return self._chosen[kind, unit, other]

    def _on_calibration(self, unit: int) -> Target:
        """Kept for the unit that was scored last."""
        last, target = self._calibration
        if last != unit or target is None:
            actual, pool = self._by_split[CALIBRATION][unit], self._texts.calibration.pool
            target = take_target(actual, pool, firing=self._firing[unit])
            self._calibration = unit, target
        return target

    def _top(self, split: str, unit: int) -> UnitTops | None:
        there = self._tops.get(split)
        return None if there is None else there[unit]

    def _on_top(self, kind: str, unit: int, top: UnitTops) -> Float32[ndarray, "kept pos"]:
        program = self._programs[unit]
        if kind == "rules" and program is not None:
            return predict(program, Reading(top.tokens, top.about.lengths, self._texts.vocabulary))
        return np.asarray(predict_lookup(self._lookups[kind].of_unit(unit), top.tokens)[0])
