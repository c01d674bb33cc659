"""What each neuron and head alone does to a task's metric: estimated for all, run for some.

The estimate is AtP, whose error is known before anything is run to be of the order of

    doubt = |∂metric/∂stream| · ‖step‖ · ‖step‖ / ‖stream‖

where the step is what the unit writes into the residual stream differently on the counterfactual:
the gradient is that of a point, and holds as long as the step is small beside the stream it is
added to. Nearly all steps are; the few large ones are most of what AtP gets wrong. So units with
the largest doubt are run, and so are those that matter most.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.pairs import Sides, by_unit
from analysis.circuits.patching import patch
from analysis.circuits.units import Units
from analysis.models.tracing import Check, EditableModel

Tell = Callable[[int, int], None]
"""Told how much of how much is done."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Means over pairs; positions summed. Signs: by how much the metric would rise."""

    effect: Float[Tensor, " unit"]
    doubt: Float[Tensor, " unit"]
    """Of the same unit of measure; root of the mean square over pairs, positions summed."""


def estimate(sides: Sequence[Sides], units: Units, *, check: Check | None = None) -> Estimates:
    """Of every unit, by one backward pass per batch."""
    effect, square, n_pairs = torch.zeros(len(units)), torch.zeros(len(units)), 0
    for one in sides:
        found, doubts = _estimate(one, units, check)
        effect += units.in_a_row({site: each.sum(0) for site, each in found.items()}).cpu()
        square += units.in_a_row(
            {site: each.square().sum(0) for site, each in doubts.items()}
        ).cpu()
        n_pairs += one.n_pairs
    return Estimates(effect / n_pairs, (square / n_pairs).sqrt())


def measure(
    sides: Sequence[Sides],
    units: Units,
    numbers: Collection[int],
    *,
    check: Check | None = None,
    tell: Tell | None = None,
) -> dict[int, float]:
    """By how much the metric rises, mean over pairs, for each of some units."""
    by_site: dict[str, list[int]] = defaultdict(list)
    for number in sorted(numbers):
        by_site[units.ref(number).site].append(number)
    found: dict[int, float] = {}
    n_pairs = sum(one.n_pairs for one in sides)
    for site, named in by_site.items():
        indices = [units.ref(number).index for number in named]
        parts = [patch(one, site, indices, check=check).sum(1) for one in sides]
        means = torch.stack([part.cpu() for part in parts]).sum(0) / n_pairs
        found.update(zip(named, means.tolist(), strict=True))
        if tell is not None:
            tell(len(found), len(numbers))
    return found


def _estimate(
    sides: Sides, units: Units, check: Check | None
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """By site: effects and doubts, [pair, unit]."""
    model = sides.model
    layers = sorted({site.layer for site in units.sites})
    gradients = model.differentiate(
        sides.clean,
        lambda last: sides.values(last).sum(),
        [*(site.name for site in units.sites), *(f"resid.{layer}" for layer in layers)],
        check=check,
    )
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
    return moved.abs() * model.output_vectors(site).norm(dim=-1).to(moved.device)
