"""One unit explained by a language model, and the explanation judged on text kept back.

The explainer sees fit, the choice among several sentences is made on calibration, judges are asked
about test and held-out domains. Asking stands apart from scoring: `find_sentence`, then
`answers.ask_judges`, then `score_answers`, which asks nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

from analysis.assistants.asked import Asked
from analysis.assistants.assistant import Assistant
from analysis.explain.language_model.answers import Answers, judge_options
from analysis.explain.language_model.calibrating import line_of_own
from analysis.explain.language_model.choices import AssistantChoices
from analysis.explain.language_model.evidence import UnitEvidence
from analysis.explain.language_model.excerpts import highest_of
from analysis.explain.language_model.explaining import explain
from analysis.explain.language_model.options import ExplainerOptions
from analysis.explain.language_model.records import ModelExplanation
from analysis.explain.language_model.scoring import JudgedSplit, Scoring
from analysis.explain.language_model.shuffling import Shuffled
from analysis.score.calibration import Linear

CONSTANT = "The activation does not vary on the fit text."


@dataclass(frozen=True, eq=False)
class AssistedUnit:
    explanation: ModelExplanation
    answers: Answers | None
    """None: there is no sentence."""
    splits: Mapping[str, JudgedSplit]
    line: Linear | None
    """From levels to activations, where simulations were asked for."""
    shuffled: Shuffled | None = None

    @property
    def asked(self) -> list[Asked]:
        """Everything that was asked."""
        candidates = (one.judged for one in self.explanation.candidates)
        judges = () if self.answers is None else self.answers.asked
        return [
            *self.explanation.asked,
            *chain.from_iterable(judged.asked for judged in candidates if judged is not None),
            *judges,
            *(() if self.shuffled is None else self.shuffled.answers.asked_anew),
        ]


def find_sentence(
    assistant: Assistant, unit: UnitEvidence, choices: AssistantChoices
) -> ModelExplanation:
    """Raises BudgetSpent, and whatever the assistant's `check` raises."""
    if not unit.varies:
        return ModelExplanation(None, (), None, False, (), 0, CONSTANT)
    shown = unit.to_explain_from()
    found = explain(
        assistant,
        shown,
        unit.to_choose_by(choices.windows, shown),
        ExplainerOptions(choices.model, candidates=choices.candidates, seed=choices.seed),
        judge=choices.judges[0] if choices.judges else "detection",
        judge_options=judge_options(unit, choices),
    )
    return replace(found, negated=unit.negated)  # its excerpts were turned over before


def score_answers(
    unit: UnitEvidence,
    explanation: ModelExplanation,
    answers: Answers | None,
    choices: AssistantChoices,
    shuffled: Shuffled | None = None,
) -> AssistedUnit:
    """`answers`: to the explanation's text, where it has one; `shuffled`: to another's."""
    if explanation.text is None or answers is None:
        return AssistedUnit(explanation, None, {}, None)
    line = None
    if answers.line is not None:
        line = line_of_own(unit, answers.line, choices, highest_of(unit.to_explain_from()))
    scoring = Scoring(unit, choices, line, shuffled)
    splits = {split: scoring.of(split, given) for split, given in answers.splits.items()}
    return AssistedUnit(explanation, answers, splits, line, shuffled)
