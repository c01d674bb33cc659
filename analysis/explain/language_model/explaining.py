"""An explanation in a sentence, by a language model that sees what a unit responded to.

In: excerpts of the fit split. Out: the best of n sentences, each judged on windows of the
calibration split, all of them kept. Bills et al. (2023), with our own prompts (`prompts`); unlike
them, nothing that is reported is measured on what chose the sentence.
"""

from collections.abc import Sequence

from analysis.assistants.asked import failures_by_kind
from analysis.assistants.assistant import Assistant
from analysis.assistants.question import Parameters, Question
from analysis.explain.language_model import prompts
from analysis.explain.language_model.excerpts import around_peak, highest_of, strongest
from analysis.explain.language_model.forms import explanation_form
from analysis.explain.language_model.judging import JUDGES, merit
from analysis.explain.language_model.options import ExplainerOptions, JudgeOptions
from analysis.explain.language_model.records import Candidate, Excerpt, JudgeName, ModelExplanation

LONGEST_ANSWER = 200
DRAWN = 1.0
"""The temperature at which several candidates are drawn; a single one is asked for at 0."""


def explain(
    assistant: Assistant,
    fit: Sequence[Excerpt],
    calibration: Sequence[Excerpt],
    options: ExplainerOptions,
    *,
    judge: JudgeName,
    judge_options: JudgeOptions,
    negate: bool = False,
) -> ModelExplanation:
    """What makes the unit high, or with `negate` low; no text where it never is, or none came.

    A single candidate is not judged: there is nothing to choose.

    Raises:
        ValueError: a document is in both splits: what is judged would not be new.
        BudgetSpent: the next call could exceed the budget.
    """
    if {excerpt.document for excerpt in fit} & {excerpt.document for excerpt in calibration}:
        raise ValueError("a document is in fit and in calibration")
    seen = [excerpt.negated for excerpt in fit] if negate else list(fit)
    unseen = [excerpt.negated for excerpt in calibration] if negate else list(calibration)
    highest = highest_of(seen)
    if not highest > 0:
        tail = "below" if negate else "above"
        return ModelExplanation(
            None, (), None, negate, (), 0, f"it is never {tail} 0 in the excerpts"
        )
    answers = assistant.ask_all(_questions(seen, highest, options))
    texts = dict.fromkeys(answer.value for answer in answers if answer.value is not None)
    candidates = [Candidate(text, None, None) for text in texts]
    if len(candidates) > 1:
        candidates = [
            _judged(assistant, each.text, unseen, judge, judge_options) for each in candidates
        ]
    chosen = best(candidates)
    failures = failures_by_kind(answers)
    return ModelExplanation(
        text=None if chosen is None else candidates[chosen].text,
        candidates=tuple(candidates),
        chosen=chosen,
        negated=negate,
        asked=tuple(asked for answer in answers for asked in answer.asked),
        n_failed=sum(failures.values()),
        failure=None if candidates else f"no answer could be read: {_listed(failures)}",
    )


def _questions(
    seen: list[Excerpt], highest: float, options: ExplainerOptions
) -> list[Question[str]]:
    shown = [
        around_peak(excerpt, options.before, options.after)
        for excerpt in strongest(seen, options.most_excerpts)
    ]
    messages = prompts.explaining(shown, highest, options.style)
    return [
        Question(
            messages,
            explanation_form(),
            Parameters(
                options.model,
                max_tokens=LONGEST_ANSWER + options.thinking_tokens,
                temperature=DRAWN if options.candidates > 1 else 0.0,
                seed=options.seed + sample,
            ),
        )
        for sample in range(options.candidates)
    ]


def _judged(
    assistant: Assistant,
    text: str,
    unseen: list[Excerpt],
    judge: JudgeName,
    options: JudgeOptions,
) -> Candidate:
    judged = JUDGES[judge](assistant, text, unseen, options)
    return Candidate(text, merit(judged, unseen), judged)


def best(candidates: Sequence[Candidate]) -> int | None:
    """The highest merit; undefined ones are last, of equals the first."""

    def rank(number: int) -> tuple[bool, float]:
        found = candidates[number].merit
        return found is not None, found or 0.0

    return max(range(len(candidates)), key=rank, default=None)


def _listed(failures: dict[str, int]) -> str:
    return ", ".join(f"{n} × {kind}" for kind, n in sorted(failures.items()))
