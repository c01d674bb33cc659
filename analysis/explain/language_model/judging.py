"""The judges by name, and how well an explanation did with one: what chooses among candidates."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np

from analysis.assistants.assistant import Assistant
from analysis.explain.language_model.detecting import detect
from analysis.explain.language_model.fuzzing import fuzz
from analysis.explain.language_model.options import JudgeOptions
from analysis.explain.language_model.records import Excerpt, Judged, JudgeName, Verdicts
from analysis.explain.language_model.simulating import simulate


class Judge(Protocol):
    def __call__(
        self,
        assistant: Assistant,
        explanation: str,
        excerpts: Sequence[Excerpt],
        options: JudgeOptions,
    ) -> Judged: ...


JUDGES: Final[Mapping[JudgeName, Judge]] = {
    "simulation": simulate,
    "detection": detect,
    "fuzzing": fuzz,
}


def merit(judged: Judged, excerpts: Sequence[Excerpt]) -> float | None:
    """Pearson's r of a simulation over all answered tokens, else balanced accuracy; None where
    undefined. Only for choosing among candidates on calibration: scores come from `analysis.score`.
    """
    if isinstance(judged, Verdicts):
        return _balanced_accuracy(judged)
    answered = [row for row, there in enumerate(judged.answered) if there]
    if not answered:
        return None
    actual = np.concatenate([excerpts[row].activations for row in answered]).astype(np.float64)
    predicted = np.concatenate(
        [judged.predictions[row, : len(excerpts[row].tokens)] for row in answered]
    ).astype(np.float64)
    if len(actual) < 2 or np.ptp(actual) == 0 or np.ptp(predicted) == 0:
        return None
    return float(np.corrcoef(actual, predicted)[0, 1])


def _balanced_accuracy(judged: Verdicts) -> float | None:
    n_true, n_false = int(judged.truth.sum()), int((~judged.truth).sum())
    if not n_true or not n_false:
        return None
    recall = float(judged.verdicts[judged.truth].mean())
    return (recall + float((~judged.verdicts[~judged.truth]).mean())) / 2
