"""Units in an order, by what methods say of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.circuits.attribution import Method, attribute
from analysis.circuits.pairs import Sides
from analysis.circuits.units import Units
from analysis.errors import TaskError
from analysis.models.tracing import Check
from analysis.tasks.task import Metric

AT_CLEAN: Final[tuple[Method, ...]] = ("atp", "relp", "atp_star")
"""By gradients on the clean prompt alone."""


def scores_of(
    sides: Iterable[Sides], units: Units, methods: Sequence[Method], check: Check | None = None
) -> Mapping[Method, Float[Tensor, " unit"]]:
    """By method, sums over pairs and positions. `sides` may come one by one."""
    names = [site.name for site in units.sites]
    totals = {method: torch.zeros(len(units)) for method in methods}
    for one in sides:
        for method, total in totals.items():
            found = attribute(one, method, names, check=check)
            summed = {site: each.sum((0, 1)) for site, each in found.items()}
            totals[method] = total + units.in_a_row(summed).cpu()
    return totals


def require_gradient(metric: Metric, method: str) -> None:
    """TaskError where nothing can be ranked by this method."""
    if metric.is_least_on_clean and method in AT_CLEAN:
        raise TaskError(
            "KL to the clean output is least on the clean prompt, where its gradient is 0: nothing "
            f"is ranked by {method}",
            hint="Take --method nested, ig or both_ends.",
        )


def ranked(scores: Float[Tensor, " unit"]) -> Int[Tensor, " unit"]:
    """Numbers of units, the largest score first, whatever its sign."""
    return scores.abs().argsort(descending=True, stable=True)
