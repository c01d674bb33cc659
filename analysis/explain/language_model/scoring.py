"""What judges said of one unit's sentence, split by split, as scores beside their baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from analysis.assistants.asked import Asked
from analysis.explain.language_model.answers import MOST_TOP, SplitAnswers
from analysis.explain.language_model.choices import AssistantChoices
from analysis.explain.language_model.evidence import UnitEvidence
from analysis.explain.language_model.records import JudgeName, Simulated, Verdicts
from analysis.score import judging
from analysis.score.baselines import Baselines
from analysis.score.calibration import Linear
from analysis.score.division import FIT
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

    def __init__(self, unit: UnitEvidence, choices: AssistantChoices, line: Linear | None) -> None:
        self._unit, self._choices, self._line = unit, choices, line

    def of(self, split: str, answers: SplitAnswers) -> JudgedSplit:
        parts: list[tuple[tuple[str, ...], Scores]] = []
        if answers.random is not None and self._line is not None:
            scores = self._simulation(split, answers.random, answers.top, self._line)
            parts.append((SIMULATED, scores))
        verdicts = [name for name in self._choices.judges if name != "simulation"]
        if verdicts:
            scores = self._verdicts(split, answers.verdicts)
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
        self, split: str, random: Simulated, strongest: Simulated | None, line: Linear
    ) -> Scores:
        """Random windows of the pool, and the strongest ones; windows without an answer are left
        out of the scores."""
        unit = self._unit
        shown = unit.at_random(split, self._choices.windows)
        if not random.answered.any():
            reason = NO_ANSWER if len(shown.rows) else "the split has no window to show"
            return without(unit.target(split, shown), "failed", reason)
        kept = unit.shown(split, shown.rows[random.answered].tolist())
        top, _ = unit.top_excerpts(split, MOST_TOP)
        if strongest is None or not strongest.answered.all():
            top = None  # half of them would be another protocol
        texts = unit.text(split).windows.tokens[kept.rows]
        return score_explanation(
            kept.actual,
            Prediction(
                self._turned(line)(
                    self._placed(random.predictions[random.answered], texts.shape[1])
                ),
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
            ),
            pool=kept.pool,
            firing=None,
            top=top,
        )

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

    def _verdicts(self, split: str, answers: Mapping[JudgeName, Verdicts]) -> Scores:
        unit = self._unit
        cases = unit.cases(split, self._choices.windows)
        target = unit.target(split, cases)
        if not answers:
            return without(target, "undefined", NOTHING_FIRES)
        given = {
            name: judging.Verdicts(one.windows, one.verdicts, one.truth)
            for name, one in answers.items()
        }
        return judging.score_verdicts(
            target,
            detection=given.get("detection"),
            fuzzing=given.get("fuzzing"),
            parts=cases.parts,
        )


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
