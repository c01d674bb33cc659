"""Explains a block of units of one site by lookup and rules, and scores what was found.

Everything is fitted on fit and chosen on calibration; test and held-out domains are only predicted.
The shuffled baseline of a unit is the program of the next unit of the block, so a block must be
units of one site in random order, and more than one where shuffling is wanted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from threadpoolctl import threadpool_limits

from analysis.explain.rules.fitting import fit_rules
from analysis.explain.rules.smoothing import predict_smoothed, smooth
from analysis.explain.rules.strengthening import LISTED_SHARE, Shown, strengthen
from analysis.explain.texts import SplitText, Texts
from analysis.programs.length import n_listed
from analysis.programs.program import Program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.score.baselines import Baselines, fit_line
from analysis.score.calibration import Linear
from analysis.score.correlation import pearson
from analysis.score.division import CALIBRATION, FIT
from analysis.score.lookup import (
    Lookup,
    as_told,
    cut_lookup,
    fit_lookup,
    lookup_program,
    predict_lookup,
)
from analysis.score.records import Scores, or_none
from analysis.score.scoring import Failure, Shared, decide, score_explanation
from analysis.score.tails import find_firing
from analysis.score.units import Decisions, Prediction, Target, TopWindows, take_target

LISTED_BY_LOOKUP = 12
"""Tokens that the lookup shown lists; baselines of scores are the whole table, and the table cut to
as many tokens as the rules list."""
NOTHING_FOUND = "No rule fits the calibration text better than chance."
CONSTANT = "The activation does not vary on the fit text."
NOT_FINITE = "No activation on the fit text is finite."


@dataclass(frozen=True, eq=False)
class UnitTops:
    """Windows of one split that are kept for one unit: those that make it fire most, or all."""

    tokens: ndarray
    about: TopWindows


@dataclass(frozen=True, eq=False)
class Explained:
    """What was found of one unit; a program or the reason why there is none."""

    rules: Program | None
    reason: str | None
    lookup: Program
    rule_scores: Mapping[str, Scores]
    """By split."""
    lookup_scores: Mapping[str, Scores]
    additive_r: Mapping[str, float | None]
    """r of the best additive prediction (`smoothing`): what a program of any length of this kind
    reaches."""


def explain_units(
    texts: Texts,
    activations: Mapping[str, Float32[ndarray, "unit window pos"]],
    tops: Mapping[str, Sequence[UnitTops | None]],
    *,
    exemplars: Sequence[UnitTops | None] = (),
    most_rules: int = 12,
    most_listed: int = 120,
) -> list[Explained]:
    """`activations` of every split of the texts; `tops` of those tested splits that have any;
    `exemplars` of fit, whichever are kept, but none of the pool's windows."""
    # A unit's matrices are small: threads of the BLAS would wait for each other more than compute.
    with threadpool_limits(limits=1, user_api="blas"):
        return _explain(
            texts,
            activations,
            tops,
            exemplars or [None] * len(activations[FIT]),
            most_rules=most_rules,
            most_listed=most_listed,
        )


def _explain(
    texts: Texts,
    activations: Mapping[str, Float32[ndarray, "unit window pos"]],
    tops: Mapping[str, Sequence[UnitTops | None]],
    exemplars: Sequence[UnitTops | None],
    *,
    most_rules: int,
    most_listed: int,
) -> list[Explained]:
    by_split = texts.divided(activations)
    fit = _finite(by_split[FIT])
    on_fit = fit[:, texts.fit.counted]
    varies = on_fit.max(1) > on_fit.min(1)
    found, smoothed_fit = smooth(texts.smoother, on_fit, n_vocab=len(texts.vocabulary))
    calibration = _finite(by_split[CALIBRATION])[:, texts.calibration.counted]
    reasons: list[str | None] = []
    programs: list[Program | None] = []
    for unit, kept in enumerate(exemplars):
        program = None
        if varies[unit]:
            from_pool = partial(
                fit_rules,
                on_fit[unit],
                smoothed_fit[unit],
                calibration[unit],
                fit=texts.rules_fit,
                on=texts.rules_calibration,
                most_rules=most_rules,
            )
            if kept is not None:
                with_room = from_pool(most_listed=int(LISTED_SHARE * most_listed))
                program = strengthen(
                    with_room,
                    _on(texts.fit, by_split[FIT][unit]),
                    _shown(kept, texts),
                    _on(texts.calibration, by_split[CALIBRATION][unit]),
                    most_rules=most_rules,
                    most_listed=most_listed,
                )
            if kept is None or program is with_room:  # nothing to leave room for
                program = from_pool(most_listed=most_listed)
        is_something = program is not None and bool(program.rules)
        programs.append(program if is_something else None)
        reasons.append(
            None if is_something else _why(by_split[FIT][unit], texts, bool(varies[unit]))
        )
    whole = fit_lookup(
        by_split[FIT],
        texts.fit.windows.tokens,
        texts.fit.pool,
        same_text=texts.vocabulary.first_of_text,
    )
    short = cut_lookup(whole, n=LISTED_BY_LOOKUP)
    lengths = [1 if program is None else max(1, n_listed(program)) for program in programs]
    cut = cut_lookup(whole, n=lengths)
    scoring = _Scoring(
        texts, by_split, tops, programs, {"whole": whole, "short": as_told(short), "cut": cut}
    )
    additive = {
        split: _r_of_each(
            by_split[split][:, text.counted],
            predict_smoothed(found, texts.smoother, text.basis),
        )
        for split, text in texts.tested.items()
    }
    return [
        Explained(
            rules=programs[unit],
            reason=reasons[unit],
            lookup=lookup_program(short, unit, texts.vocabulary.texts),
            rule_scores=scoring.of_rules(unit),
            lookup_scores=scoring.of_lookup(unit),
            additive_r={split: values[unit] for split, values in additive.items()},
        )
        for unit in range(len(fit))
    ]


def _on(text: SplitText, actual: Float32[ndarray, "window pos"]) -> Shown:
    return Shown(text.reading, text.counted, actual)


def _shown(kept: UnitTops, texts: Texts) -> Shown:
    reading = Reading(kept.tokens, kept.about.lengths, texts.vocabulary)
    counted = reading.there & (np.arange(reading.shape[1]) >= texts.fit.pool.counted_from)
    return Shown(reading, counted, kept.about.actual)


class _Scoring:
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
        program = self._programs[unit]
        if program is None:
            return {}
        return self._scores(unit, "rules", program)

    def of_lookup(self, unit: int) -> dict[str, Scores]:
        return self._scores(unit, "short", None)

    def _scores(self, unit: int, kind: str, program: Program | None) -> dict[str, Scores]:
        scores = {}
        for split, text in self._texts.tested.items():
            top = self._top(split, unit)
            values = (
                self._tables[split]["short"][unit]
                if program is None
                else self._predicted(unit, split, program)
            )
            ours = Prediction(
                values,
                self._decide(kind, unit, unit),
                None if top is None else self._on_top(kind, unit, program, top),
            )
            scores[split] = score_explanation(
                self._by_split[split][unit],
                ours if np.isfinite(values[text.counted]).all() else Failure("not finite"),
                baselines=Baselines(
                    mean=or_none(float(self._lookups["whole"].base[unit])),
                    lookup=self._looked_up("whole", unit, split, top),
                    shuffled=self._shuffled(kind, unit, split, top),
                    lookup_cut=ours
                    if program is None
                    else self._looked_up("cut", unit, split, top),
                ),
                pool=text.pool,
                firing=self._firing[unit],
                top=None if top is None else top.about,
                shared=self._share(split, unit, top),
            )
        return scores

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
            None if top is None else self._on_top(name, unit, None, top),
        )

    def _shuffled(
        self, kind: str, unit: int, split: str, top: UnitTops | None
    ) -> Prediction | None:
        """The explanation of the next unit that has one."""
        n = len(self._programs)
        for step in range(1, n):
            other = (unit + step) % n
            program = self._programs[other]
            if kind == "rules" and program is None:
                continue
            values = (
                self._predicted(other, split, program)
                if kind == "rules" and program is not None
                else self._tables[split]["short"][other]
            )
            return Prediction(
                values,
                self._decide(kind, unit, other),
                None if top is None else self._on_top(kind, other, program, top),
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

    def _on_top(
        self, kind: str, unit: int, program: Program | None, top: UnitTops
    ) -> Float32[ndarray, "top pos"]:
        if kind == "rules" and program is not None:
            return predict(program, Reading(top.tokens, top.about.lengths, self._texts.vocabulary))
        return np.asarray(predict_lookup(self._lookups[kind].of_unit(unit), top.tokens)[0])


def _finite(actual: Float32[ndarray, "unit window pos"]) -> Float32[ndarray, "unit window pos"]:
    """What is not finite takes the unit's mean: it teaches nothing."""
    finite = np.isfinite(actual)
    if finite.all():
        return actual
    n = np.maximum(finite.sum((1, 2)), 1)
    means = np.where(finite, actual, 0).sum((1, 2)) / n
    return np.where(finite, actual, means[:, None, None]).astype(np.float32)


def _why(fit: Float32[ndarray, "window pos"], texts: Texts, varies: bool) -> str:
    if not np.isfinite(fit[texts.fit.counted]).any():
        return NOT_FINITE
    return NOTHING_FOUND if varies else CONSTANT


def _r_of_each(actual: ndarray, predicted: ndarray) -> list[float | None]:
    return [or_none(pearson(*pair)) for pair in zip(actual, predicted, strict=True)]
