"""What each neuron and head alone does to a task's metric: estimated for all, run for some.

The estimate is AtP, whose error is known before anything is run to be of the order of

    doubt = |∂metric/∂stream| · ‖step‖ · ‖step‖ / ‖stream‖

where the step is what the unit writes into the residual stream differently on the counterfactual:
the gradient is that of a point, and holds as long as the step is small beside the stream it is
added to. Nearly all steps are; the few large ones are most of what AtP gets wrong. So units with
the largest doubt are run, and so are those that matter most. Of KL to the clean output the gradient
on the clean prompt is 0, for there it is least: gradients are means of both ends.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from numpy import ndarray
from torch import Tensor

from analysis.circuits.keeping import StandIns
from analysis.circuits.pairs import Sides, by_unit, run_and_differentiate
from analysis.circuits.patching import patch
from analysis.circuits.units import Units
from analysis.models.site_hooks import Values
from analysis.models.tracing import Check, EditableModel
from analysis.tasks.prompting import alike_in_length
from analysis.tasks.task import Metric, Pair

Tell = Callable[[int, int], None]
"""Told how much of how much is done."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Means over pairs; positions summed. Signs: by how much the metric would rise."""

    effect: Float[Tensor, " unit"]
    each: Float[Tensor, "pair unit"]
    """The same pair by pair, in the order of the sides."""
    doubt: Float[Tensor, " unit"]
    """Of the same unit of measure; root of the mean square over pairs, positions summed."""


def estimate(
    model: EditableModel,
    metric: Metric,
    pairs: Sequence[Pair],
    units: Units,
    others: StandIns | None = None,
    *,
    check: Check | None = None,
) -> tuple[Estimates, list[Sides]]:
    """Of every unit, by two runs forward and one back; and these runs, by length of the pairs."""
    square, each_pair = torch.zeros(len(units)), []
    sides = []
    for numbers in alike_in_length(pairs):
        one, gradients = _run(model, metric, [pairs[number] for number in numbers], units, check)
        if others is not None:
            one = others.put_into(one)
        sides.append(one)
        found, doubts = _estimate(one, gradients, units)
        each_pair.append(torch.cat([found[site.name] for site in units.sites], dim=1).cpu())
        square += units.in_a_row(
            {site: each.square().sum(0) for site, each in doubts.items()}
        ).cpu()
    each = torch.cat(each_pair)
    return Estimates(each.mean(0), each, (square / len(each)).sqrt()), sides


def measure(
    sides: Sequence[Sides], units: Units, numbers: Collection[int], *, check: Check | None = None
) -> dict[int, float]:
    """By how much the metric rises, mean over pairs, for each of some units."""
    found = measure_each(sides, units, numbers, check=check)
    return {number: float(each.mean()) for number, each in found.items()}


def measure_each(
    sides: Sequence[Sides],
    units: Units,
    numbers: Collection[int],
    *,
    check: Check | None = None,
    tell: Tell | None = None,
) -> dict[int, Float64[ndarray, " pair"]]:
    """The same of each pair, in the order of `sides`."""
    by_site: dict[str, list[int]] = defaultdict(list)
    for number in sorted(numbers):
        by_site[units.ref(number).site].append(number)
    found: dict[int, Float64[ndarray, " pair"]] = {}
    for site, named in by_site.items():
        indices = [units.ref(number).index for number in named]
        parts = [patch(one, site, indices, check=check).cpu() for one in sides]
        found.update(zip(named, torch.cat(parts, dim=1).double().numpy(), strict=True))
        if tell is not None:
            tell(len(found), len(numbers))
    return found


def _run(
    model: EditableModel,
    metric: Metric,
    pairs: Sequence[Pair],
    units: Units,
    check: Check | None,
) -> tuple[Sides, Values]:
    """Both prompts, and the metric's gradient on the clean one, at units and streams."""
    layers = sorted({site.layer for site in units.sites})
    places = [*(site.name for site in units.sites), *(f"resid.{layer}" for layer in layers)]
    sides, gradients = run_and_differentiate(model, metric, pairs, places, check=check)
    if metric.is_least_on_clean:
        there = model.differentiate(
            sides.counterfactual, lambda last: sides.values(last).sum(), places, check=check
        )
        gradients = {place: (each + there[place]) / 2 for place, each in gradients.items()}
    return sides, gradients


def _estimate(
    sides: Sides, gradients: Values, units: Units
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """By site: effects and doubts, [pair, unit]."""
    model = sides.model
    effects, doubts = {}, {}
    for site in units.sites:
        moved = sides.counterfactual.values[site.name] - sides.clean.values[site.name]
        products = by_unit(model, site.name, moved * gradients[site.name])
        effects[site.name] = products.sum((1, 3))
        steps = _lengths(model, site.name, moved)
        slope = gradients[f"resid.{site.layer}"].norm(dim=-1, keepdim=True)
        stream = sides.clean.streams[site.layer + 1].norm(dim=-1, keepdim=True)
        doubts[site.name] = (slope * steps.square() / stream.clamp_min(1e-12)).sum(1)
    return effects, doubts


def _lengths(
    model: EditableModel, site: str, moved: Float[Tensor, "pair pos value"]
) -> Float[Tensor, "pair pos unit"]:
    """Of what each unit writes differently."""
    if site.startswith("attn."):
        return model.head_values(site, moved)
    written: Tensor = model.output_vectors(site).norm(dim=-1)
    return moved.abs() * written.to(moved.device)
