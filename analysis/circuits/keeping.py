"""The network with some of its units only: the others have what stands in for them.

What is kept is computed from what it is given *in the circuit*, so that a kept unit between two
that are not is worth little. The embedding is always that of the clean prompt.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Float64
from numpy import ndarray
from torch import Tensor

from analysis.circuits.pairs import Sides, run_sides
from analysis.circuits.units import Units
from analysis.models.changes import Blend
from analysis.models.site_hooks import Values
from analysis.models.tracing import Check, EditableModel, Trace
from analysis.protocol.proofs import Ablation
from analysis.tasks.prompting import alike_in_length
from analysis.tasks.task import Metric, Pair


@dataclass(frozen=True, eq=False)
class StandIns:
    """By site, one value per unit (d_head of a head): at first positions, and at all others."""

    first: Values
    later: Values

    def at(self, n_pos: int) -> Values:
        """Of shape [1, n_pos, value]."""
        return {
            site: torch.cat([first[None], self.later[site].expand(n_pos - 1, -1)])[None]
            for site, first in self.first.items()
        }

    def put_into(self, sides: Sides) -> Sides:
        """Where counterfactual values would stand."""
        values = {
            site: other.expand(sides.n_pairs, sides.n_pos, -1)
            for site, other in self.at(sides.n_pos).items()
        }
        return replace(sides, counterfactual=replace(sides.counterfactual, values=values))


@dataclass(frozen=True, eq=False)
class Batch:
    """Some pairs of one length, and what stands in for units that are not kept."""

    sides: Sides
    """Of both traces no more than a run from the beginning needs."""
    others: Values
    """Rows and positions may be one for all."""
    whole: Float[Tensor, " pair"]
    """The metric of the untouched model."""
    numbers: tuple[int, ...]
    """Of the pairs, as they were given."""

    @property
    def n_pairs(self) -> int:
        return len(self.whole)


def batches(
    model: EditableModel,
    metric: Metric,
    pairs: Sequence[Pair],
    others: StandIns | None = None,
    *,
    check: Check | None = None,
) -> list[Batch]:
    """All pairs, those of one length together; resampled from the counterfactual without others."""
    found = []
    for numbers in alike_in_length(pairs):
        sides = run_sides(model, metric, [pairs[number] for number in numbers], check=check)
        with torch.no_grad():
            whole = sides.values(sides.clean.last)
        values = sides.counterfactual.values if others is None else others.at(sides.n_pos)
        found.append(Batch(slim(sides), values, whole, numbers))
    return found


def trace_pairs(
    model: EditableModel,
    metric: Metric,
    pairs: Sequence[Pair],
    others: StandIns | None = None,
    *,
    check: Check | None = None,
) -> list[Sides]:
    """The same, with all that was computed; others stand where counterfactual values would."""
    return list(each_traced(model, metric, pairs, others, check=check))


def each_traced(
    model: EditableModel,
    metric: Metric,
    pairs: Sequence[Pair],
    others: StandIns | None = None,
    *,
    check: Check | None = None,
) -> Iterator[Sides]:
    """One after the other, for whoever need not hold them all."""
    for numbers in alike_in_length(pairs):
        sides = run_sides(model, metric, [pairs[number] for number in numbers], check=check)
        yield sides if others is None else others.put_into(sides)


def kept_values(
    batch: Batch, units: Units, keep: Float[Tensor, " unit"], *, check: Check | None = None
) -> Float[Tensor, " pair"]:
    """The metric where each unit is kept as much as `keep` says; differentiable by it."""
    return batch.sides.values(kept_last(batch, units, keep, check=check))


def kept_last(
    batch: Batch, units: Units, keep: Float[Tensor, " unit"], *, check: Check | None = None
) -> Float[Tensor, "pair pos d_model"]:
    """What the final norm gives there."""
    model = batch.sides.model
    parts = units.by_site(keep.to(model.device, model.dtype))
    blends = {
        site: Blend(keep=widened(model, site, part), other=batch.others[site])
        for site, part in parts.items()
    }
    return model.blend(batch.sides.clean, blends, check=check)


def all_values(
    batches: Sequence[Batch], units: Units, keep: Float[Tensor, " unit"], check: Check | None
) -> Float64[ndarray, " pair"]:
    """The metric of all pairs, in the order of the batches."""
    with torch.no_grad():
        found = [kept_values(one, units, keep, check=check) for one in batches]
    return torch.cat(found).double().cpu().numpy()


def keep_gradient(
    batch: Batch,
    units: Units,
    keep: Float[Tensor, " unit"],
    of: Callable[[Float[Tensor, " pair"]], Float[Tensor, ""]],
    *,
    check: Check | None = None,
) -> tuple[Float[Tensor, " unit"], Float[Tensor, " pair"]]:
    """∂`of(metric)`/∂keep, and the metric."""
    at = keep.clone().requires_grad_()
    with torch.enable_grad():
        values = kept_values(batch, units, at, check=check)
        (gradient,) = torch.autograd.grad(of(values), at)
    return gradient, values.detach()


def widened(
    model: EditableModel, site: str, keep: Float[Tensor, " unit"]
) -> Float[Tensor, " value"]:
    return keep if site.startswith("mlp.") else keep.repeat_interleave(model.facts.d_head)


def slim(sides: Sides) -> Sides:
    """Without what a run from the beginning does not need."""

    def slim(trace: Trace) -> Trace:
        return replace(trace, streams=trace.streams[:1], values={})

    return replace(sides, clean=slim(sides.clean), counterfactual=slim(sides.counterfactual))


def stand_ins(
    model: EditableModel,
    metric: Metric,
    pairs: Sequence[Pair],
    ablation: Ablation,
    *,
    check: Check | None = None,
) -> StandIns | None:
    """What stands in for units in every prompt; None of resampling, which differs by prompt.

    Means are over clean and counterfactual prompts and their positions, but for the first, whose
    activations are like no other's: there it is the mean of first positions.
    """
    if ablation == "resample":
        return None
    first: dict[str, Tensor] = {}
    later: dict[str, Tensor] = {}
    n_first = n_later = 0
    for numbers in alike_in_length(pairs if ablation == "mean" else pairs[:1]):
        sides = run_sides(model, metric, [pairs[number] for number in numbers], check=check)
        for trace in (sides.clean, sides.counterfactual):
            n_first += trace.tokens.shape[0]
            n_later += trace.tokens.shape[0] * (trace.tokens.shape[1] - 1)
            for site, values in trace.values.items():
                begin, rest = values[:, 0].sum(0), values[:, 1:].sum((0, 1))
                first[site] = first[site] + begin if site in first else begin
                later[site] = later[site] + rest if site in later else rest
    size = 1.0 if ablation == "mean" else 0.0
    return StandIns(
        first={site: size * summed / n_first for site, summed in first.items()},
        later={site: size * summed / max(1, n_later) for site, summed in later.items()},
    )
