"""Some units of a stored circuit taken away on one prompt, beside as many random ones.

One experiment, which is not kept: what stands in for a unit is what did when the circuit was found.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from analysis.protocol.base import Message
from analysis.protocol.edits import MOST_EDITS, Edit, UnitRef
from analysis.protocol.experiments import (
    MOST_CONTROLS,
    MOST_TARGETS,
    ExperimentAnswer,
    ExperimentRequest,
    Ran,
    Reference,
    Target,
    TokenText,
    TopToken,
    Wanted,
)
from analysis.protocol.prompts import Prompt, Text, TokenId
from analysis.protocol.proofs import Ablation
from analysis.tasks.task import MOST_PAIRS, Metric, Pair
from app.errors import BadRequestError, NotFoundError
from app.live.experiment import Laboratory
from app.live.grounds import Grounds, read_grounds

MEANS_OVER: Final = 32
"""Pairs; both of their prompts."""
LEAST: Final = 1e-45
"""A probability that float32 rounds to 0."""
OwnText = Annotated[Text, Field(min_length=1)]


class AskedToAblate(Message):
    """Which units are taken away, and on which prompt."""

    units: tuple[UnitRef, ...] = Field(
        min_length=1, max_length=MOST_EDITS, description="Neurons and heads that are ablated."
    )
    prompt: Annotated[int, Field(ge=0, lt=MOST_PAIRS)] | OwnText | None = Field(
        default=None,
        description="Number of one of the task's pairs, from 0, or a text of your own. Default: "
        "the prompt that the circuit is drawn over.",
    )
    ablation: Ablation | None = Field(
        default=None,
        description="Default: as the circuit was found; a text of your own has no counterfactual, "
        "and so the mean.",
    )
    top: int = Field(default=8, ge=1, le=50, description="So many tokens before and after.")
    controls: int = Field(
        default=1,
        ge=1,
        le=MOST_CONTROLS,
        description="So many times as many random units of the same sites.",
    )
    seed: int = Field(default=0, ge=0, le=2**63 - 1, description="Of random units.")


class MetricChange(Message):
    before: float
    after: float
    controls: tuple[float, ...]


class AblationAnswer(Message):
    """What the model says behind the prompt's last token, before and after."""

    tokens: tuple[TokenText, ...]
    """Of the prompt."""
    counterfactual: str | None
    """Where ablated units have their values from."""
    ablation: Ablation
    n_units: int
    control_units: tuple[tuple[str, ...], ...]
    top: tuple[TopToken, ...]
    kl: float
    """KL(before ‖ after) in nats."""
    kl_controls: tuple[float, ...]
    metric: MetricChange | None
    """The task's; null where the prompt is not one of its own, or where tokens do not tell it."""
    ran: Ran


@dataclass(frozen=True)
class _Prompted:
    prompt: Prompt
    pair: Pair | None
    ablation: Ablation


async def ablate_units(
    laboratory: Laboratory, model: str, slug: str, asked: AskedToAblate
) -> AblationAnswer:
    """Raises NotFoundError; ConflictError where the circuit has no task; BadRequestError where
    prompt and ablation do not go together, or the model has no such units."""
    grounds = await run_in_threadpool(
        read_grounds, laboratory.engine, laboratory.data, model=model, slug=slug
    )
    chosen = _prompted(grounds, asked)
    units = tuple(dict.fromkeys((unit.site, unit.index) for unit in asked.units))
    request = ExperimentRequest(
        model=grounds.spec,
        prompt=chosen.prompt,
        edits=tuple(_edit(site, index, chosen) for site, index in units),
        controls=asked.controls,
        seed=asked.seed,
        reference=_reference(grounds) if chosen.ablation == "mean" else None,
        wanted=Wanted(
            top=asked.top, targets=_targets(grounds, chosen.pair), downstream=0, lens=False
        ),
    )
    answer = await laboratory.inference.run_experiment(request)
    return _told(answer, grounds.task.metric, chosen, len(units))


def _prompted(grounds: Grounds, asked: AskedToAblate) -> _Prompted:
    if isinstance(asked.prompt, str):
        ablation = asked.ablation or ("zero" if grounds.ablation == "zero" else "mean")
        if ablation == "resample":
            raise BadRequestError(
                "A text of your own has no counterfactual to take other values from.",
                hint='Give the number of one of the task\'s pairs, or take "mean" or "zero".',
            )
        return _Prompted(Prompt(text=asked.prompt), None, ablation)
    pairs = grounds.task.pairs
    if asked.prompt is not None and asked.prompt >= len(pairs):
        raise NotFoundError(
            f"Task {grounds.line.task} has no pair {asked.prompt}.",
            hint=f"It has {len(pairs)}, counted from 0.",
        )
    pair = grounds.prompted.finding[0] if asked.prompt is None else pairs[asked.prompt]
    return _Prompted(Prompt(tokens=pair.clean.tokens), pair, asked.ablation or grounds.ablation)


def _edit(site: str, index: int, chosen: _Prompted) -> Edit:
    if chosen.ablation != "resample" or chosen.pair is None:
        return Edit(
            site=site, index=index, operation="mean" if chosen.ablation == "mean" else "zero"
        )
    source = Prompt(tokens=chosen.pair.counterfactual.tokens)
    return Edit(site=site, index=index, operation="patch", source=source)


def _reference(grounds: Grounds) -> Reference:
    some = grounds.prompted.finding[:MEANS_OVER]
    windows = [side.tokens for pair in some for side in (pair.clean, pair.counterfactual)]
    return Reference(windows=tuple(windows), label=f"prompts of task {grounds.line.task}"[:200])


def _targets(grounds: Grounds, pair: Pair | None) -> tuple[TokenId, ...]:
    """The tokens that the metric looks at; none where they are too many."""
    if pair is None:
        return ()
    found = [token.id for side in _sides(grounds.task.metric, pair) for token in side]
    return tuple(found) if len(found) <= MOST_TARGETS else ()


def _sides(metric: Metric, pair: Pair) -> tuple[Sequence[TokenText], Sequence[TokenText]]:
    """What raises the metric, and what lowers it."""
    if metric.kind == "own_tokens":
        return metric.raised, metric.lowered
    return pair.right, () if metric.kind == "log_probability" else pair.wrong


def _told(
    answer: ExperimentAnswer, metric: Metric, chosen: _Prompted, n_units: int
) -> AblationAnswer:
    last = answer.positions[-1]
    resampled = chosen.pair is not None and chosen.ablation == "resample"
    return AblationAnswer(
        tokens=answer.tokens,
        counterfactual=chosen.pair.counterfactual.text if chosen.pair and resampled else None,
        ablation=chosen.ablation,
        n_units=n_units,
        control_units=answer.control_units,
        top=last.top,
        kl=last.kl,
        kl_controls=last.kl_controls,
        metric=_change(answer, metric, chosen.pair),
        ran=answer.ran,
    )


def _change(answer: ExperimentAnswer, metric: Metric, pair: Pair | None) -> MetricChange | None:
    """The metric from what is told of its tokens; None where that is too little."""
    told = {target.id: target for target in answer.positions[-1].targets}
    if pair is None or not told or metric.kind == "kl":
        return None
    raised, lowered = ([told[token.id] for token in side] for side in _sides(metric, pair))
    if metric.kind == "log_probability":
        rows = [(one.before, one.after, *one.controls) for one in raised]
        values = [math.log(max(sum(run), LEAST)) for run in zip(*rows, strict=True)]
    elif lowered:
        ups, downs = _log_sums(raised), _log_sums(lowered)
        values = [up - down for up, down in zip(ups, downs, strict=True)]
    else:
        return None
    return MetricChange(before=values[0], after=values[1], controls=tuple(values[2:]))


def _log_sums(targets: Sequence[Target]) -> list[float]:
    """Of the targets' logits together: before, after, and of each control."""
    rows = [(one.logit_before, one.logit_after, *one.logit_controls) for one in targets]
    found = []
    for run in zip(*rows, strict=True):
        most = max(run)
        found.append(most + math.log(sum(math.exp(logit - most) for logit in run)))
    return found
