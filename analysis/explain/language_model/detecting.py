"""Detection: the model says of each window whether the explanation fits it.

Paulo et al. (2024), *Automatically interpreting millions of features in large language models*. The
truth is that the unit fires somewhere in the window. Which windows are shown, near misses among
them, is the caller's choice; the order is drawn anew, so that it tells nothing.
"""

from collections.abc import Sequence

import numpy as np

from analysis.assistants.assistant import Assistant
from analysis.explain.language_model import prompts
from analysis.explain.language_model.options import JudgeOptions
from analysis.explain.language_model.records import Excerpt, Verdicts
from analysis.explain.language_model.verdicts import Case, ask_verdicts, in_calls


def detect(
    assistant: Assistant, explanation: str, excerpts: Sequence[Excerpt], options: JudgeOptions
) -> Verdicts:
    order = np.random.default_rng(options.seed).permutation(len(excerpts)).tolist()
    cases = [
        Case(window, bool((excerpts[window].activations > options.threshold).any()))
        for window in order
    ]
    return ask_verdicts(
        assistant,
        "detection",
        in_calls(cases, options.windows_per_call),
        lambda part: prompts.detecting(explanation, [excerpts[case.window] for case in part]),
        options,
    )
