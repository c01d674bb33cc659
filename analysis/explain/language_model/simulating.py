"""Simulation: the model predicts every activation of a window from the explanation.

Bills et al. (2023), all tokens at once. A number from 0 to 10 per token; where the endpoint offers
log-probabilities, its expected value (`expecting`). What 10 is in activations is for calibration to
say, on its own split.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from analysis.assistants.asked import Answered
from analysis.assistants.assistant import Assistant
from analysis.assistants.question import Parameters, Question
from analysis.explain.language_model import prompts
from analysis.explain.language_model.expecting import expected_levels
from analysis.explain.language_model.forms import levels_form
from analysis.explain.language_model.options import JudgeOptions
from analysis.explain.language_model.records import Excerpt, Simulated

ALTERNATIVES = 20
TOKENS_PER_LEVEL = 10
"""Of an answer like `"117": 10,` in the worst of tokenizers, by digits."""


def simulate(
    assistant: Assistant, explanation: str, excerpts: Sequence[Excerpt], options: JudgeOptions
) -> Simulated:
    """Predictions for every excerpt; one call each."""
    answers = assistant.ask_all([_question(explanation, e, options) for e in excerpts])
    longest = max((len(excerpt.tokens) for excerpt in excerpts), default=0)
    predictions = np.full((len(excerpts), longest), np.nan, dtype=np.float32)
    n_expected = 0
    for row, answer in zip(predictions, answers, strict=True):
        if answer.value is None:
            continue
        expected = expected_levels(answer.value, answer.places)
        n_expected += expected is not None
        row[: len(answer.value)] = _digits(answer) if expected is None else expected
    answered = np.array([answer.value is not None for answer in answers], dtype=bool)
    return Simulated(
        judge="simulation",
        model=options.model,
        predictions=predictions,
        answered=answered,
        n_expected=n_expected,
        n_failed=int((~answered).sum()),
        asked=tuple(asked for answer in answers for asked in answer.asked),
    )


def _digits(answer: Answered[list[int]]) -> Float32[ndarray, " pos"]:
    return np.array(answer.value, dtype=np.float32)


def _question(explanation: str, excerpt: Excerpt, options: JudgeOptions) -> Question[list[int]]:
    n = len(excerpt.tokens)
    parameters = Parameters(
        options.model,
        max_tokens=TOKENS_PER_LEVEL * n + 32 + options.thinking_tokens,
        seed=options.seed,
        alternatives=ALTERNATIVES,
    )
    return Question(prompts.simulating(explanation, excerpt), levels_form(n), parameters)
