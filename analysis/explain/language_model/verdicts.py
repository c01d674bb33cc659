"""Asking for verdicts, several texts in a call, and matching them with the truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.assistants.assistant import Assistant
from analysis.assistants.question import Message, Parameters, Question
from analysis.explain.language_model.forms import verdicts_form
from analysis.explain.language_model.options import JudgeOptions
from analysis.explain.language_model.records import Verdicts

TOKENS_PER_VERDICT = 8


@dataclass(frozen=True)
class Case:
    """One text to judge."""

    window: int
    truth: bool


def ask_verdicts(
    assistant: Assistant,
    judge: Literal["detection", "fuzzing"],
    calls: Sequence[Sequence[Case]],
    messages: Callable[[Sequence[Case]], tuple[Message, ...]],
    options: JudgeOptions,
) -> Verdicts:
    """The verdicts of all calls; a call without a readable answer leaves out its cases."""
    questions = [
        Question(
            messages(cases),
            verdicts_form(len(cases)),
            Parameters(
                options.model,
                max_tokens=TOKENS_PER_VERDICT * len(cases) + 32 + options.thinking_tokens,
                seed=options.seed,
            ),
        )
        for cases in calls
    ]
    answers = assistant.ask_all(questions)
    judged = [
        (verdict, case)
        for cases, answer in zip(calls, answers, strict=True)
        if answer.value is not None
        for verdict, case in zip(answer.value, cases, strict=True)
    ]
    return Verdicts(
        judge=judge,
        model=options.model,
        verdicts=np.array([verdict for verdict, _ in judged], dtype=bool),
        truth=np.array([case.truth for _, case in judged], dtype=bool),
        windows=np.array([case.window for _, case in judged], dtype=np.int64),
        n_left_out=sum(map(len, calls)) - len(judged),
        n_failed=sum(answer.value is None for answer in answers),
        asked=tuple(asked for answer in answers for asked in answer.asked),
    )


def in_calls(cases: Sequence[Case], size: int) -> list[list[Case]]:
    """So many at a time."""
    return [list(cases[start : start + size]) for start in range(0, len(cases), size)]
