"""Fuzzing: the model says whether the marked tokens are the ones that fire.

Paulo et al. (2024). Each window that fires is shown twice, in different calls: once with the tokens
marked that fire, once with as many that do not, drawn at random. Windows in which more tokens fire
than do not cannot be marked falsely and are left out, as in `analysis/score`.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from analysis.assistants.assistant import Assistant
from analysis.explain.language_model import prompts
from analysis.explain.language_model.excerpts import marked
from analysis.explain.language_model.options import JudgeOptions
from analysis.explain.language_model.records import Excerpt, Verdicts
from analysis.explain.language_model.verdicts import Case, ask_verdicts, in_calls


def fuzz(
    assistant: Assistant, explanation: str, excerpts: Sequence[Excerpt], options: JudgeOptions
) -> Verdicts:
    rng = np.random.default_rng(options.seed)
    firing = [excerpt.activations > options.threshold for excerpt in excerpts]
    can_be_marked = [
        window for window, fires in enumerate(firing) if 0 < fires.sum() <= (~fires).sum()
    ]
    falsely = {window: false_marks(firing[window], rng) for window in can_be_marked}
    order = rng.permutation(np.array(can_be_marked, dtype=np.int64)).tolist()
    truths = rng.permutation(np.arange(len(order)) % 2 == 0).tolist()
    rounds = [
        [Case(window, truth is first) for window, truth in zip(order, truths, strict=True)]
        for first in (True, False)
    ]

    def text(case: Case) -> str:
        marks = firing[case.window] if case.truth else falsely[case.window]
        return marked(excerpts[case.window], marks)

    return ask_verdicts(
        assistant,
        "fuzzing",
        [part for cases in rounds for part in in_calls(cases, options.windows_per_call)],
        lambda part: prompts.fuzzing(explanation, [text(case) for case in part]),
        options,
    )


def false_marks(fires: Bool[ndarray, " pos"], rng: np.random.Generator) -> Bool[ndarray, " pos"]:
    """As many tokens as fire, of those that do not."""
    marks = np.zeros(len(fires), dtype=bool)
    marks[rng.choice(np.flatnonzero(~fires), size=int(fires.sum()), replace=False)] = True
    return marks
