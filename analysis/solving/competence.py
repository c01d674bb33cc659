"""Whether a model can do a task: how often it is right, against chance.

The interval of the accuracy is Wilson's (1927), for a model that is right every time would by
resampling seem sure to be; where prompts differ in their chance it is a little wide. Those of the
metric are by bootstrap over prompts (`analysis.score.bootstrap`), none below six prompts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, mean, median
from typing import Final, Literal

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from analysis.score.bootstrap import LEVEL, draw_documents, intervals
from analysis.solving.measuring import Measured
from analysis.solving.one_prompt import KIND as ONE_PROMPT
from analysis.tasks.task import Generated, Task

REPLICATES: Final = 1000

Verdict = Literal["can do", "cannot do", "no answers"]
"""no answers: the task names none, so nobody can say who is right."""


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval, over prompts."""

    value: float
    low: float | None
    """None: of too few prompts."""
    high: float | None


@dataclass(frozen=True)
class Competence:
    """What a model makes of a task."""

    verdict: Verdict
    reason: str
    """A sentence with the numbers that the verdict stands on."""
    n_prompts: int
    """That name an answer; the numbers of the next five are over these."""
    n_right: int
    accuracy: Estimate | None
    chance: float | None
    """Of being right by drawing among the named answers."""
    one_answer: float | None
    """Share of prompts that whoever always gives the same answer, the best one, gets right. Where
    it is as high as the accuracy, accuracy alone does not show that the prompt was understood."""
    median_rank: float | None
    """Of the right answer among all tokens; 1 is the likeliest."""
    clean: Estimate
    """Mean of the metric over all prompts."""
    counterfactual: Estimate
    gap: Estimate
    """Clean minus counterfactual: what there is to explain."""

    @property
    def one_answer_does(self) -> bool:
        """Whoever always gives the best single answer may be right as often."""
        return _does(self.one_answer, self.accuracy)


def judge(task: Task, measured: Measured, *, seed: int = 0) -> Competence:
    """The verdict: `can do` where the interval of the accuracy lies above chance."""
    own = isinstance(task.source, Generated) and task.source.generator == ONE_PROMPT
    right = [] if own else [each for each in measured.right if each is not None]
    chances = [] if own else [each for each in measured.chances if each is not None]
    places = [] if own else [each for each in measured.ranks if each is not None]
    accuracy = wilson(sum(right), len(right)) if right else None
    chance = mean(chances) if chances else None
    one_answer = None if own else _one_answer(task)
    verdict, reason = _verdict(sum(right), len(right), accuracy, chance)
    if own:
        reason = (
            "The answer is the token that the model itself holds likeliest: it is right anyway."
        )
    if _does(one_answer, accuracy):
        reason += (
            f" But one answer given to all would be right in {one_answer:.0%}: whether the prompt "
            "was understood, only the gap can tell."
        )
    clean, counterfactual, gap = _means(measured, seed)
    return Competence(
        verdict=verdict,
        reason=reason,
        n_prompts=len(right),
        n_right=sum(right),
        accuracy=accuracy,
        chance=chance,
        one_answer=one_answer,
        median_rank=float(median(places)) if places else None,
        clean=clean,
        counterfactual=counterfactual,
        gap=gap,
    )


def _does(one_answer: float | None, accuracy: Estimate | None) -> bool:
    if one_answer is None or accuracy is None or accuracy.low is None:
        return False
    return 0 < accuracy.low <= one_answer


def wilson(n_right: int, n: int) -> Estimate:
    """A share and Wilson's interval of it; n of 1 or more."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share, spread = n_right / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * (share * (1 - share) / n + spread / (4 * n)) ** 0.5 / (1 + spread)
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))


def _verdict(
    n_right: int, n: int, accuracy: Estimate | None, chance: float | None
) -> tuple[Verdict, str]:
    if accuracy is None or chance is None or accuracy.low is None or accuracy.high is None:
        return "no answers", "The task names no answers, so that accuracy cannot be told."
    counted = (
        f"Right in {n_right} of {n} prompts ({accuracy.value:.0%}, interval {accuracy.low:.0%} to "
        f"{accuracy.high:.0%})"
    )
    if accuracy.low > chance:
        return "can do", f"{counted}; chance is {chance:.1%}."
    if n_right == n:
        return "cannot do", f"{counted}: too few prompts to tell it from chance ({chance:.1%})."
    return "cannot do", f"{counted}, which does not lie above chance ({chance:.1%})."


def _one_answer(task: Task) -> float | None:
    """Over the pairs that name an answer."""
    asked = [pair for pair in task.pairs if pair.right]
    if not asked:
        return None
    often = Counter(token.id for pair in asked for token in pair.right)
    return max(often.values()) / len(asked)


def _means(measured: Measured, seed: int) -> Sequence[Estimate]:
    clean, other = np.array(measured.clean), np.array(measured.counterfactual)
    values = np.stack([clean, other, clean - other], axis=1)
    draws = draw_documents(len(values), REPLICATES, seed)
    ends = intervals(_shares(draws, values), len(values))
    return [
        Estimate(
            float(value),
            None if np.isnan(low) else float(low),
            None if np.isnan(high) else float(high),
        )
        for value, (low, high) in zip(values.mean(0), ends, strict=True)
    ]


def _shares(
    draws: Float64[ndarray, "replicate prompt"], values: Float64[ndarray, "prompt metric"]
) -> Float64[ndarray, "replicate metric"]:
    return np.asarray(draws @ values / len(values))
