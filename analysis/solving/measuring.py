"""The passes through the model: every prompt of a task once, and what stands behind its last token.

Clean prompt and counterfactual of a pair run side by side in one batch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.errors import TaskError
from analysis.models.subject import SubjectModel, predicts_next
from analysis.solving.metrics import (
    answers_of,
    are_right,
    metric_values,
    ranks,
    targets_of,
)
from analysis.tasks.reading import Reader
from analysis.tasks.task import Pair, Task

AT_ONCE: Final = 16
"""Pairs of a batch."""
SAME: Final = 1e-5
"""Of the larger of the two values, or of 1: what differs by less is rounding."""

Check = Callable[[], None]
"""Raises where the run should not go on; called before every batch."""


@dataclass(frozen=True)
class Measured:
    """What a model says behind the prompts of a task, in the order of its pairs."""

    clean: tuple[float, ...]
    """The metric."""
    counterfactual: tuple[float, ...]
    right: tuple[bool | None, ...]
    """Whether the clean prompt is answered rightly; None of a pair that names no answer."""
    ranks: tuple[int | None, ...]
    """Of the best right answer among all tokens behind the clean prompt, from 1."""
    chances: tuple[float | None, ...]
    """That an answer drawn among those that are named, or among all tokens, is right."""


def reader_of_model(model: SubjectModel) -> Reader:
    """How a loaded model reads text, for generators and imports."""
    return Reader(
        encode=model.encode,
        texts=model.token_texts(),
        begins=model.facts.bos_token_id,
        longest=model.facts.n_ctx,
        tokenizer_sha256=model.facts.tokenizer_sha256,
    )


def require_next_token(model: SubjectModel) -> None:
    """Raises TaskError where the model does not predict the next token: it can do no task."""
    if not predicts_next(model):
        raise TaskError(
            "this model does not predict the next token of a text",
            hint="Tasks are for models that do (GPT-2, Llama and their kin).",
        )


def measure(
    model: SubjectModel, task: Task, *, at_once: int = AT_ONCE, check: Check = lambda: None
) -> Measured:
    """The metric of every pair, and who is right.

    Raises TaskError: the model does not predict the next token, or reads with another tokenizer, or
    a prompt does not fit its context; a metric that is no number, or that is the same behind both
    prompts of every pair.
    """
    _check_fit(model, task)
    found: dict[int, _Row] = {}
    for numbers in _batches(task.pairs, at_once):
        check()
        rows = _measure(model, task, [task.pairs[number] for number in numbers])
        found.update(zip(numbers, rows, strict=True))
    rows = [found[number] for number in range(len(task.pairs))]
    _check_values(task, rows)
    return Measured(
        clean=tuple(row.clean for row in rows),
        counterfactual=tuple(row.counterfactual for row in rows),
        right=tuple(row.right for row in rows),
        ranks=tuple(row.rank for row in rows),
        chances=tuple(_chance(pair, model.facts.n_vocab) for pair in task.pairs),
    )


def last_logits(
    model: SubjectModel, prompts: Sequence[Sequence[int]]
) -> Float[Tensor, "prompt vocab"]:
    """What stands behind the last token of each prompt, in float32."""
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    longest = int(lengths.max())
    padded = torch.tensor([[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts])
    with torch.inference_mode():
        hidden = model.run(padded, lengths=lengths)
        last = hidden[torch.arange(len(prompts)), lengths.to(hidden.device) - 1]
        return model.logits(last).float()


@dataclass(frozen=True)
class _Row:
    clean: float
    counterfactual: float
    right: bool | None
    rank: int | None


def _measure(model: SubjectModel, task: Task, pairs: Sequence[Pair]) -> list[_Row]:
    prompts = [pair.clean.tokens for pair in pairs]
    others = [pair.counterfactual.tokens for pair in pairs]
    logits = last_logits(model, [*prompts, *others])
    clean, counterfactual = logits[: len(pairs)], logits[len(pairs) :]
    targets = targets_of(task.metric, pairs, device=clean.device)
    values = [
        metric_values(task.metric, behind, targets, clean).tolist()
        for behind in (clean, counterfactual)
    ]
    answers = answers_of(pairs, device=clean.device)
    if answers.right.shape[1]:
        said: list[bool] = are_right(clean, answers).tolist()
        places: list[int] = ranks(clean, answers.right).tolist()
    else:
        said, places = [False] * len(pairs), [0] * len(pairs)
    return [
        _Row(one, other, right if pair.right else None, rank if pair.right else None)
        for pair, one, other, right, rank in zip(pairs, *values, said, places, strict=True)
    ]


def _batches(pairs: Sequence[Pair], at_once: int) -> Iterator[list[int]]:
    """Numbers of pairs of about one length, the longest first: if memory is short, it is soon."""
    order = sorted(range(len(pairs)), key=lambda number: -len(pairs[number].clean.tokens))
    for start in range(0, len(order), at_once):
        yield order[start : start + at_once]


def _chance(pair: Pair, n_vocab: int) -> float | None:
    if not pair.right:
        return None
    return len(pair.right) / (len(pair.right) + len(pair.wrong) if pair.wrong else n_vocab)


def _check_fit(model: SubjectModel, task: Task) -> None:
    require_next_token(model)
    facts = model.facts
    if task.tokenizer_sha256 not in (None, facts.tokenizer_sha256):
        raise TaskError(
            f"the task {task.name!r} was made for another tokenizer than this model's",
            hint="Generate or import it for this model.",
        )
    named = (*task.metric.raised, *task.metric.lowered)
    for number, pair in enumerate(task.pairs, start=1):
        if len(pair.clean.tokens) > facts.n_ctx:
            raise TaskError(
                f"pair {number} has {len(pair.clean.tokens):,} tokens; the model's context is "
                f"{facts.n_ctx:,}",
                hint=f"Shorten its prompts to at most {facts.n_ctx:,} tokens.",
            )
        answers = (token.id for token in (*pair.right, *pair.wrong, *named))
        highest = max((*pair.clean.tokens, *pair.counterfactual.tokens, *answers))
        if highest >= facts.n_vocab:
            raise TaskError(
                f"pair {number} has the token {highest}; the model's end at {facts.n_vocab - 1}",
                hint="Generate or import the task for this model.",
            )


def _check_values(task: Task, rows: Sequence[_Row]) -> None:
    for number, row in enumerate(rows, start=1):
        if not (isfinite(row.clean) and isfinite(row.counterfactual)):
            raise TaskError(
                f"the metric of pair {number} is no number: the model's output overflows there",
                hint="Load the model in float32.",
            )
    if all(abs(row.clean - row.counterfactual) <= SAME * max(1.0, abs(row.clean)) for row in rows):
        raise TaskError(
            f"the metric of {task.name!r} is constant: it is the same behind the clean prompt and "
            "the counterfactual of every pair, so that no part of the model can be said to make it",
            hint="Change in the counterfactual what decides the answer, or measure other tokens.",
        )
