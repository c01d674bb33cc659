"""Scores of a judge that reads: a language model that was asked about windows or marks.

It is asked about fewer cases than a program, and some of its answers are no answers; those are left
out here and counted by whoever asked. Intervals and reasons are those of programs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jaxtyping import Bool, Int64
from numpy import ndarray

from analysis.score.detection import NAMES as DETECTION
from analysis.score.detection import judge_windows
from analysis.score.fuzzing import judge_marks
from analysis.score.prevalence import Parts, in_pool
from analysis.score.records import Scores
from analysis.score.reporting import NOTHING, Family, report, without
from analysis.score.units import Target


@dataclass(frozen=True)
class Verdicts:
    """What a judge said of the cases that it answered."""

    windows: Int64[ndarray, " case"]
    """Rows of the pool."""
    says: Bool[ndarray, " case"]
    truth: Bool[ndarray, " case"]


def score_verdicts(
    target: Target,
    *,
    detection: Verdicts | None = None,
    fuzzing: Verdicts | None = None,
    parts: Parts | None = None,
    shuffled: Mapping[str, float | None] = NOTHING,
) -> Scores:
    """detection and fuzzing, of which either was asked; other metrics say that they were not.

    `parts`: where the target's windows come from, if they were chosen; `shuffled`: what the same
    judge's verdicts on another unit's explanation come to."""
    draws = target.pool.draws
    families: list[Family] = []
    if detection is not None and len(detection.windows):
        found = judge_windows(detection.says, detection.truth, detection.windows, target, draws)
        if parts is not None and found.cases is not None:
            told = in_pool(parts, detection.windows, detection.says)
            found = replace(found, cases=replace(found.cases, in_pool=told))
        families.append((DETECTION, found))
    if fuzzing is not None and len(fuzzing.windows):
        found = judge_marks(fuzzing.says, fuzzing.truth, fuzzing.windows, target, draws)
        families.append((("fuzzing",), found))
    if not families:
        return without(target, "failed", "the judge gave no answer that could be read")
    return report(target, families, shuffled=shuffled)
