"""Pairs of prompts as a model runs them: both sides traced, and the metric behind the last token.

Everything that asks what a node does for a task starts here: whoever scores nodes needs both sides'
activations and the metric's gradient; whoever patches them, the clean run to go on from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.models.site_hooks import Values
from analysis.models.tracing import Check, EditableModel, Trace
from analysis.solving.metrics import Targets, answers_of, metric_values, targets_of
from analysis.tasks.task import Metric, Pair


@dataclass(frozen=True, eq=False)
class Sides:
    """Some pairs of one length, run clean and counterfactual."""

    model: EditableModel
    metric: Metric
    targets: Targets
    clean: Trace
    counterfactual: Trace
    answers: Targets
    """What is right behind the clean prompts, and what is not, whatever the metric looks at."""
    reference: Float[Tensor, "pair vocab"]
    """Logits behind the clean prompts, which KL is measured from."""

    @property
    def n_pairs(self) -> int:
        return len(self.clean.tokens)

    @property
    def n_pos(self) -> int:
        return self.clean.tokens.shape[1]

    def values(self, last: Float[Tensor, "row pos d_model"]) -> Float[Tensor, " row"]:
        """The metric of rows that are the pairs, over and over, from what the final norm gives."""
        times = len(last) // self.n_pairs
        logits = self.model.logits(last[:, -1]).float()
        return metric_values(
            self.metric, logits, _repeated(self.targets, times), self.reference.repeat(times, 1)
        )

    @property
    def swapped(self) -> "Sides":
        """The counterfactual prompts as what is changed, the clean ones as what is put in; the
        metric is the same."""
        return replace(self, clean=self.counterfactual, counterfactual=self.clean)

    def units(self, trace: Trace, site: str) -> Float[Tensor, "pair pos unit width"]:
        """What every unit of the site hands on: one number of a neuron, d_head of a head."""
        return by_unit(self.model, site, trace.values[site])


def by_unit(
    model: EditableModel, site: str, values: Float[Tensor, "row pos value"]
) -> Float[Tensor, "row pos unit width"]:
    if site.startswith("mlp."):
        return values[..., None]
    return values.reshape(*values.shape[:-1], model.facts.n_heads, -1)


def run_sides(
    model: EditableModel, metric: Metric, pairs: Sequence[Pair], *, check: Check | None = None
) -> Sides:
    """`pairs` have one length. ValueError: they do not, or there are none."""
    clean, counterfactual = _tokens(pairs)
    return _sides(
        model,
        metric,
        pairs,
        model.trace(clean, check=check),
        model.trace(counterfactual, check=check),
    )


def run_and_differentiate(
    model: EditableModel,
    metric: Metric,
    pairs: Sequence[Pair],
    places: Sequence[str],
    *,
    check: Check | None = None,
) -> tuple[Sides, Values]:
    """The same with ∂metric/∂value on the clean prompts, at sites and streams; one run less than
    one after the other."""
    tokens, others = _tokens(pairs)
    targets = targets_of(metric, pairs, device=model.device)

    def value(last: Float[Tensor, "pair pos d_model"]) -> Float[Tensor, ""]:
        logits = model.logits(last[:, -1]).float()
        return metric_values(metric, logits, targets, logits.detach()).sum()

    clean, gradients = model.trace_and_differentiate(tokens, value, places, check=check)
    counterfactual = model.trace(others, check=check)
    return _sides(model, metric, pairs, clean, counterfactual), gradients


def _tokens(pairs: Sequence[Pair]) -> tuple[Int[Tensor, "pair pos"], Int[Tensor, "pair pos"]]:
    lengths = {len(pair.clean.tokens) for pair in pairs}
    if len(lengths) != 1:
        raise ValueError(f"pairs of one length are run together, not of {sorted(lengths)}")
    return (
        torch.tensor([pair.clean.tokens for pair in pairs]),
        torch.tensor([pair.counterfactual.tokens for pair in pairs]),
    )


def _sides(
    model: EditableModel, metric: Metric, pairs: Sequence[Pair], clean: Trace, other: Trace
) -> Sides:
    with torch.no_grad():
        reference = model.logits(clean.last[:, -1]).float()
    return Sides(
        model=model,
        metric=metric,
        targets=targets_of(metric, pairs, device=model.device),
        answers=answers_of(pairs, device=model.device),
        clean=clean,
        counterfactual=other,
        reference=reference,
    )


def _repeated(targets: Targets, times: int) -> Targets:
    return Targets(targets.right.repeat(times, 1), targets.wrong.repeat(times, 1))
