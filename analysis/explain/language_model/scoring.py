"""What judges said of one unit's sentence, split by split, as scores beside their baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from jaxtyping import Bool, Float32, Float64
from numpy import ndarray

from analysis.assistants.asked import Asked
from analysis.explain.language_model.answers import MOST_TOP, SplitAnswers
from analysis.explain.language_model.calibrating import line_of
from analysis.explain.language_model.choices import AssistantChoices
from analysis.explain.language_model.evidence import UnitEvidence
from analysis.explain.language_model.records import JudgeName, Simulated, Verdicts
from analysis.explain.language_model.shuffling import Shuffled
from analysis.score import judging
from analysis.score.baselines import Baselines
from analysis.score.calibration import Linear
from analysis.score.division import FIT
from analysis.score.lookup import Lookup, fit_lookup, predict_lookup
from analysis.score.records import COLUMNS, METRICS, MetricScore, Scores
from analysis.score.reporting import without
from analysis.score.scoring import score_explanation
from analysis.score.units import Prediction, TopWindows

SIMULATED = ("corpus_r", "top_random_r", "r2_uncentred", "r2_centred", "deviation")
JUDGED: Mapping[str, tuple[str, ...]] = {
    "detection": ("detection", "detection_precision", "detection_recall"),
    "fuzzing": ("fuzzing",),
}
NOT_ASKED = float("-inf")
"""As `app.store.packing`, which cannot be imported here."""
NOTHING_FIRES = "no window of the split fires"
NO_ANSWER = "the judge gave no answer that could be read"


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


class Scoring:
    """Of one unit's sentence."""

    def __init__(
        self,
        unit: UnitEvidence,
        choices: AssistantChoices,
        line: Linear | None,
        shuffled: Shuffled | None,
    ) -> None:
        self._unit, self._choices, self._line = unit, choices, line
        self._shuffled = shuffled

    def of(self, split: str, answers: SplitAnswers) -> JudgedSplit:
        parts: list[tuple[tuple[str, ...], Scores]] = []
        beside = None if self._shuffled is None else self._shuffled.answers.splits[split]
        if answers.random is not None and self._line is not None:
            scores = self._simulation(split, answers.random, answers.top, self._line, beside)
            parts.append((SIMULATED, scores))
        verdicts = [name for name in self._choices.judges if name != "simulation"]
        if verdicts:
            other = {} if beside is None else beside.verdicts
            scores = self._verdicts(split, answers.verdicts, other)
            parts.append((tuple(chain.from_iterable(JUDGED[name] for name in verdicts)), scores))
        metrics = tuple(scores.of(name) for names, scores in parts for name in names)
        return JudgedSplit(
            _headline(parts),
            metrics,
            _values(parts),
            answers.n_failed,
            answers.n_expected,
            answers.asked,
        )

    def _simulation(
        self,
        split: str,
        random: Simulated,
        strongest: Simulated | None,
        line: Linear,
        beside: SplitAnswers | None,
    ) -> Scores:
        """Random windows of the pool, and the strongest ones; windows without an answer, about the
        sentence or about the shuffled one, are left out of the scores."""
        unit = self._unit
        shown = unit.at_random(split, self._choices.windows)
        if not random.answered.any():
            reason = NO_ANSWER if len(shown.rows) else "the split has no window to show"
            return without(unit.target(split, shown), "failed", reason)
        other = None if beside is None else beside.random
        both = None if other is None else common(random, other)
        answered = random.answered if both is None else both
        kept = unit.shown(split, shown.rows[answered].tolist())
        top, _ = unit.top_excerpts(split, MOST_TOP)
        if strongest is None or not strongest.answered.all():
            top = None  # half of them would be another protocol
        texts = unit.text(split).windows.tokens[kept.rows]
        return score_explanation(
            kept.actual,
            Prediction(
                self._turned(line)(self._placed(random.predictions[answered], texts.shape[1])),
                top=None
                if top is None or strongest is None
                else self._turned(line)(self._placed(strongest.predictions, top.actual.shape[1])),
            ),
            baselines=Baselines(
                mean=float(self._lookup.base[0]),
                lookup=Prediction(
                    predict_lookup(self._lookup, texts)[0],
                    top=None if top is None else self._looked_up(split, len(top.lengths)),
                ),
                shuffled=None
                if both is None or other is None or beside is None
                else self._shuffled_prediction(other, beside.top, answered, texts.shape[1], top),
            ),
            pool=kept.pool,
            firing=None,
            top=top,
        )

    def _shuffled_prediction(
        self,
        random: Simulated,
        strongest: Simulated | None,
        answered: Bool[ndarray, " window"],
        n_pos: int,
        top: TopWindows | None,
    ) -> Prediction:
        """In levels, with the line that makes activations of them."""
        return Prediction(
            self._placed(random.predictions[answered], n_pos),
            top=None
            if top is None or strongest is None or not strongest.answered.all()
            else self._placed(strongest.predictions, top.actual.shape[1]),
            line=self._line_of_shuffled,
        )

    @cached_property
    def _line_of_shuffled(self) -> Linear | None:
        simulated = None if self._shuffled is None else self._shuffled.answers.line
        line = None if simulated is None else line_of(self._unit, simulated, self._choices)
        return None if line is None else self._turned(line)

    @cached_property
    def _lookup(self) -> Lookup:
        unit = self._unit
        return fit_lookup(
            unit.activations[FIT][None],
            unit.texts.fit.windows.tokens,
            unit.texts.fit.pool,
            same_text=unit.texts.vocabulary.first_of_text,
        )

    def _looked_up(self, split: str, n: int) -> Float32[ndarray, "top pos"]:
        top = self._unit.tops[split]
        assert top is not None  # noqa: S101 - there are excerpts of it
        return np.asarray(predict_lookup(self._lookup, top.tokens[:n])[0])

    def _placed(
        self, levels: Float32[ndarray, "window excerpt_pos"], n_pos: int
    ) -> Float64[ndarray, "window pos"]:
        """Where they stand in the window, with the sign of the explained tail."""
        start = self._unit.texts.fit.pool.counted_from
        placed = np.full((len(levels), n_pos), np.nan)
        width = min(levels.shape[1], n_pos - start)
        placed[:, start : start + width] = levels[:, :width]
        return -placed if self._unit.negated else placed

    def _turned(self, line: Linear) -> Linear:
        """The line of levels upwards as one of what `_placed` gives."""
        return Linear(line.scale, -line.offset) if self._unit.negated else line

    def _verdicts(
        self,
        split: str,
        answers: Mapping[JudgeName, Verdicts],
        beside: Mapping[JudgeName, Verdicts],
    ) -> Scores:
        unit = self._unit
        cases = unit.cases(split, self._choices.windows)
        target = unit.target(split, cases)
        if not answers:
            return without(target, "undefined", NOTHING_FIRES)
        given, other = (
            {
                name: judging.Verdicts(one.windows, one.verdicts, one.truth)
                for name, one in each.items()
            }
            for each in (answers, beside)
        )
        shuffled = judging.score_verdicts(
            target, detection=other.get("detection"), fuzzing=other.get("fuzzing")
        )
        return judging.score_verdicts(
            target,
            detection=given.get("detection"),
            fuzzing=given.get("fuzzing"),
            parts=cases.parts,
            shuffled={one.name: one.score.value for one in shuffled.metrics},
        )


def common(own: Simulated, other: Simulated) -> Bool[ndarray, " window"] | None:
    """Windows for which both were answered; None where that would leave out more than half of the
    sentence's own."""
    both = np.asarray(own.answered & other.answered)
    return both if both.any() and 2 * both.sum() >= own.answered.sum() else None


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
