"""A task's metric from logits. Differentiable, so that what a node does to it can be asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from analysis.protocol.experiments import TokenText
from analysis.tasks.task import Metric, Pair

NONE = -1
"""In rows of token ids, where a pair has fewer than another."""


@dataclass(frozen=True)
class Targets:
    """Token ids that a metric, or the question who is right, looks at; `NONE` fills the rows."""

    right: Int[Tensor, "pair right"]
    wrong: Int[Tensor, "pair wrong"]


def answers_of(pairs: Sequence[Pair], *, device: torch.device) -> Targets:
    return Targets(
        _rows([pair.right for pair in pairs], device), _rows([pair.wrong for pair in pairs], device)
    )


def targets_of(metric: Metric, pairs: Sequence[Pair], *, device: torch.device) -> Targets:
    """What the metric looks at: each pair's answers, or its own tokens for all of them."""
    if metric.kind != "own_tokens":
        return answers_of(pairs, device=device)
    return Targets(
        _rows([metric.raised] * len(pairs), device), _rows([metric.lowered] * len(pairs), device)
    )


def metric_values(
    metric: Metric,
    logits: Float[Tensor, "pair vocab"],
    targets: Targets,
    clean: Float[Tensor, "pair vocab"],
) -> Float[Tensor, " pair"]:
    """The metric behind each prompt; `clean` are the logits behind the clean prompts, for KL.

    Tokens of its own without any lowered ones: the logits of the raised ones together, against the
    mean of all logits, for a constant added to all changes nothing of what a model says.
    """
    if metric.kind == "kl":
        log_p, log_q = clean.log_softmax(-1), logits.log_softmax(-1)
        return (log_p.exp() * (log_p - log_q)).sum(-1)
    if metric.kind == "log_probability":
        return log_sum(logits.log_softmax(-1), targets.right)
    raised = log_sum(logits, targets.right)
    if not targets.wrong.shape[1]:
        return raised - logits.mean(-1)
    return raised - log_sum(logits, targets.wrong)


def log_sum(
    logits: Float[Tensor, "pair vocab"], ids: Int[Tensor, "pair answer"]
) -> Float[Tensor, " pair"]:
    """log Σ e^logit over each row's tokens; −∞ where there are none."""
    return _picked(logits, ids).logsumexp(-1)


def are_right(logits: Float[Tensor, "pair vocab"], answers: Targets) -> Bool[Tensor, " pair"]:
    """Whether the best of the right answers stands above all wrong ones; where no wrong ones are
    named, above all other tokens. A tie is not right."""
    best = _best(logits, answers.right)
    if answers.wrong.shape[1]:
        others = _best(logits, answers.wrong)
        named = (answers.wrong != NONE).any(-1)
    else:
        others, named = best, torch.zeros_like(best, dtype=torch.bool)
    return torch.where(named, best > others, _of_all_others(logits, answers.right) < best)


def ranks(
    logits: Float[Tensor, "pair vocab"], right: Int[Tensor, "pair answer"]
) -> Int[Tensor, " pair"]:
    """Of the best right answer among all tokens; 1 is the likeliest."""
    return (logits > _best(logits, right)[:, None]).sum(-1) + 1


def _of_all_others(
    logits: Float[Tensor, "pair vocab"], ids: Int[Tensor, "pair answer"]
) -> Float[Tensor, " pair"]:
    """The highest logit of tokens that are not in the row."""
    places = torch.where(ids == NONE, ids[:, :1], ids).clamp_min(0)
    return logits.scatter(1, places, -torch.inf).max(-1).values


def _best(
    logits: Float[Tensor, "pair vocab"], ids: Int[Tensor, "pair answer"]
) -> Float[Tensor, " pair"]:
    return _picked(logits, ids).max(-1).values


def _picked(
    logits: Float[Tensor, "pair vocab"], ids: Int[Tensor, "pair answer"]
) -> Float[Tensor, "pair answer"]:
    return logits.gather(1, ids.clamp_min(0)).masked_fill(ids == NONE, -torch.inf)


def _rows(
    tokens: Sequence[Sequence[TokenText]], device: torch.device
) -> Int[Tensor, "pair answer"]:
    longest = max(map(len, tokens), default=0)
    rows = [[*(token.id for token in row), *[NONE] * (longest - len(row))] for row in tokens]
    return torch.tensor(rows, dtype=torch.int64, device=device).reshape(len(tokens), longest)
