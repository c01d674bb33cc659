"""One unit explained by a language model, and the explanation judged on text kept back.

The explainer sees fit, the choice among several sentences is made on calibration, judges are asked
about test and held-out domains. What a judge predicts in levels from 0 to 10 becomes activations by
a line fitted on calibration; where that would turn it over or flatten it, by what 10 meant to the
explainer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from analysis.assistants.asked import Asked
from analysis.assistants.assistant import Assistant
from analysis.assistants.budget import Prices
from analysis.explain.language_model.detecting import detect
from analysis.explain.language_model.evidence import Shown, UnitEvidence
from analysis.explain.language_model.excerpts import highest_of
from analysis.explain.language_model.explaining import explain
from analysis.explain.language_model.fuzzing import fuzz
from analysis.explain.language_model.options import ExplainerOptions, JudgeOptions
from analysis.explain.language_model.records import (
    JudgeName,
    ModelExplanation,
    Simulated,
    Verdicts,
)
from analysis.explain.language_model.simulating import simulate
from analysis.score import judging
from analysis.score.baselines import Baselines
from analysis.score.calibration import Linear, fit_linear
from analysis.score.division import CALIBRATION, FIT
from analysis.score.lookup import Lookup, fit_lookup, predict_lookup
from analysis.score.records import COLUMNS, METRICS, MetricScore, Scores
from analysis.score.reporting import without
from analysis.score.scoring import score_explanation
from analysis.score.units import Prediction

SIMULATED = ("corpus_r", "top_random_r", "r2_uncentred", "r2_centred", "deviation")
JUDGED: Mapping[str, tuple[str, ...]] = {
    "detection": ("detection", "detection_precision", "detection_recall"),
    "fuzzing": ("fuzzing",),
}
MOST_TOP = 4
NOT_ASKED = float("-inf")
"""As `app.store.packing`, which cannot be imported here."""
CONSTANT = "The activation does not vary on the fit text."
NOTHING_FIRES = "no window of the split fires"
NO_ANSWER = "the judge gave no answer that could be read"


@dataclass(frozen=True)
class AssistantChoices:
    """What a job was asked to ask."""

    model: str
    judge_model: str
    judges: tuple[JudgeName, ...]
    candidates: int
    windows: int
    """Per split and judge, and for the choice among candidates."""
    seed: int
    prices: Prices


@dataclass(frozen=True, eq=False)
class JudgedSplit:
    """What all judges said on one split, as one row of scores."""

    scores: Scores
    """Counts, status and p of the simulation where there is one, else of the verdicts."""
    metrics: tuple[MetricScore, ...]
    """Of all judges that were asked."""
    values: Float32[ndarray, "metric column"]
    """NaN where undefined, -inf as the value of what was not asked."""
    n_failed: int
    """Answers that could not be read."""
    n_expected: int
    """Windows whose simulation is expected values rather than digits."""
    asked: Mapping[JudgeName, tuple[Asked, ...]]


@dataclass(frozen=True, eq=False)
class AssistedUnit:
    explanation: ModelExplanation
    splits: Mapping[str, JudgedSplit]
    line: Linear | None
    """From levels to activations, where simulations were asked for."""
    line_asked: tuple[Asked, ...]

    @property
    def asked(self) -> list[Asked]:
        """Everything that was asked."""
        candidates = (one.judged for one in self.explanation.candidates)
        return [
            *self.explanation.asked,
            *chain.from_iterable(judged.asked for judged in candidates if judged is not None),
            *self.line_asked,
            *chain.from_iterable(
                asked for split in self.splits.values() for asked in split.asked.values()
            ),
        ]


def explain_unit(
    assistant: Assistant, unit: UnitEvidence, choices: AssistantChoices
) -> AssistedUnit:
    """Raises BudgetSpent, and whatever the assistant's `check` raises."""
    if not unit.varies:
        nothing = ModelExplanation(None, (), None, False, (), 0, CONSTANT)
        return AssistedUnit(nothing, {}, None, ())
    shown = unit.to_explain_from()
    judge = _judge_options(unit, choices)
    found = explain(
        assistant,
        shown,
        unit.to_choose_by(choices.windows, shown),
        ExplainerOptions(choices.model, candidates=choices.candidates, seed=choices.seed),
        judge=choices.judges[0] if choices.judges else "detection",
        judge_options=judge,
    )
    found = replace(found, negated=unit.negated)  # its excerpts were turned over before
    if found.text is None:
        return AssistedUnit(found, {}, None, ())
    line: Linear | None = None
    asked: tuple[Asked, ...] = ()
    if "simulation" in choices.judges:
        line, asked = _line(assistant, found.text, unit, choices, highest_of(shown))
    lookup = fit_lookup(
        unit.activations[FIT][None],
        unit.texts.fit.windows.tokens,
        unit.texts.fit.pool,
        same_text=unit.texts.vocabulary.first_of_text,
    )
    judging_ = _Judging(assistant, found.text, unit, choices, lookup, line)
    splits = {split: judging_.on(split) for split in unit.texts.tested} if choices.judges else {}
    return AssistedUnit(found, splits, line, asked)


class _Judging:
    """All judges of one explanation."""

    def __init__(
        self,
        assistant: Assistant,
        text: str,
        unit: UnitEvidence,
        choices: AssistantChoices,
        lookup: Lookup,
        line: Linear | None,
    ) -> None:
        self._assistant, self._text, self._unit = assistant, text, unit
        self._choices, self._lookup, self._line = choices, lookup, line
        self._options = _judge_options(unit, choices)

    def on(self, split: str) -> JudgedSplit:
        parts: list[tuple[tuple[str, ...], Scores]] = []
        asked: dict[JudgeName, tuple[Asked, ...]] = {}
        n_failed = n_expected = 0
        if self._line is not None:
            simulated, scores = self._simulate(split, self._line)
            parts.append((SIMULATED, scores))
            asked["simulation"] = simulated.asked
            n_failed, n_expected = simulated.n_failed, simulated.n_expected
        verdicts = [name for name in self._choices.judges if name != "simulation"]
        if verdicts:
            answers, scores = self._ask_verdicts(split, verdicts)
            parts.append((tuple(chain.from_iterable(JUDGED[name] for name in verdicts)), scores))
            asked |= {one.judge: one.asked for one in answers}
            n_failed += sum(one.n_failed for one in answers)
        metrics = tuple(scores.of(name) for names, scores in parts for name in names)
        return JudgedSplit(_headline(parts), metrics, _values(parts), n_failed, n_expected, asked)

    def _simulate(self, split: str, line: Linear) -> tuple[Simulated, Scores]:
        """Random windows of the pool, and the strongest ones; windows without an answer are left
        out of the scores."""
        unit = self._unit
        shown = unit.at_random(split, self._choices.windows)
        top, top_excerpts = unit.top_excerpts(split, MOST_TOP)
        n = len(shown.excerpts)
        simulated = simulate(
            self._assistant, self._text, [*shown.excerpts, *top_excerpts], self._options
        )
        answered = simulated.answered
        if not answered[:n].any():
            reason = NO_ANSWER if n else "the split has no window to show"
            return simulated, without(unit.target(split, shown), "failed", reason)
        kept = unit.shown(split, shown.rows[answered[:n]].tolist())
        if top is not None and not answered[n:].all():
            top = None  # half of them would be another protocol
        texts = unit.text(split).windows.tokens[kept.rows]
        n_pos = texts.shape[1]
        scores = score_explanation(
            kept.actual,
            Prediction(
                self._activations(simulated.predictions[:n][answered[:n]], line, n_pos),
                top=None
                if top is None
                else self._activations(simulated.predictions[n:], line, top.actual.shape[1]),
            ),
            baselines=Baselines(
                mean=float(self._lookup.base[0]),
                lookup=Prediction(
                    predict_lookup(self._lookup, texts)[0],
                    top=None if top is None else self._looked_up(split, len(top.lengths)),
                ),
            ),
            pool=kept.pool,
            firing=None,
            top=top,
        )
        return simulated, scores

    def _looked_up(self, split: str, n: int) -> Float32[ndarray, "top pos"]:
        top = self._unit.tops[split]
        assert top is not None  # noqa: S101 - there are excerpts of it
        return np.asarray(predict_lookup(self._lookup, top.tokens[:n])[0])

    def _activations(
        self, levels: Float32[ndarray, "window excerpt_pos"], line: Linear, n_pos: int
    ) -> Float64[ndarray, "window pos"]:
        """Where they stand in the window, in the unit's units and with its sign."""
        start = self._unit.texts.fit.pool.counted_from
        placed = np.full((len(levels), n_pos), np.nan)
        width = min(levels.shape[1], n_pos - start)
        placed[:, start : start + width] = line(levels[:, :width])
        return -placed if self._unit.negated else placed

    def _ask_verdicts(
        self, split: str, names: Sequence[JudgeName]
    ) -> tuple[list[Verdicts], Scores]:
        unit = self._unit
        shown = unit.cases(split, self._choices.windows)
        target = unit.target(split, shown)
        if not target.fires.any():
            return [], without(target, "undefined", NOTHING_FIRES)
        ask = {"detection": detect, "fuzzing": fuzz}
        answers = {
            name: ask[name](self._assistant, self._text, shown.excerpts, self._options)
            for name in names
        }
        given = {
            name: judging.Verdicts(one.windows, one.verdicts, one.truth)
            for name, one in answers.items()
        }
        scores = judging.score_verdicts(
            target, detection=given.get("detection"), fuzzing=given.get("fuzzing")
        )
        return list(answers.values()), scores


def _line(
    assistant: Assistant,
    text: str,
    unit: UnitEvidence,
    choices: AssistantChoices,
    highest: float,
) -> tuple[Linear, tuple[Asked, ...]]:
    """From levels to activations, the explained tail upwards."""
    nominal = Linear(highest / 10, 0.0)
    shown: Shown = unit.cases(CALIBRATION, choices.windows)
    simulated = simulate(assistant, text, shown.excerpts, _judge_options(unit, choices))
    answered = np.flatnonzero(simulated.answered).tolist()
    if not answered:
        return nominal, simulated.asked
    actual = np.concatenate([shown.excerpts[row].activations for row in answered])
    levels = np.concatenate(
        [simulated.predictions[row, : len(shown.excerpts[row].tokens)] for row in answered]
    )
    fitted = fit_linear(actual, levels)
    return (fitted if fitted.scale > 0 else nominal), simulated.asked


def _judge_options(unit: UnitEvidence, choices: AssistantChoices) -> JudgeOptions:
    return JudgeOptions(choices.judge_model, threshold=unit.threshold, seed=choices.seed)


def _headline(parts: Sequence[tuple[tuple[str, ...], Scores]]) -> Scores:
    """The first that is scored, else the first."""
    found = [scores for _, scores in parts]
    return next((one for one in found if one.status == "scored"), found[0])


def _values(
    parts: Sequence[tuple[tuple[str, ...], Scores]],
) -> Float32[ndarray, "metric column"]:
    values = np.full((len(METRICS), len(COLUMNS)), np.nan, np.float32)
    values[:, 0] = NOT_ASKED
    for names, scores in parts:
        rows = [METRICS.index(name) for name in names]
        values[rows] = scores.values()[rows]
    return values
