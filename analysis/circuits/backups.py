"""Who takes over when a unit is ablated.

A unit whose backup does its work alone has a small effect by itself, and its backup none at all:
asked one by one, both look as if they did not matter (self-repair; McGrath et al. 2023). So each of
the units that matter is ablated, and all others are estimated anew in that state. Whose effect
rises, backs it up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.keeping import Batch, keep_gradient
from analysis.circuits.units import Units
from analysis.models.tracing import Check

Tell = Callable[[int, int], None]
SHARE = 0.05
"""Of the task's gap between clean and counterfactual: smaller rises are not told."""


@dataclass(frozen=True)
class Backup:
    """`backup` does by `rise` more, in the unit of the metric, while `ablated` is ablated."""

    ablated: int
    backup: int
    rise: float


def find_backups(
    batches: Sequence[Batch],
    units: Units,
    ablated: Sequence[int],
    gap: float,
    *,
    check: Check | None = None,
    tell: Tell | None = None,
) -> list[Backup]:
    """The largest rises first. One backward pass per batch and ablated unit, and one more. Where
    `gap` is below 0 the metric rises by what the network does, and all signs are turned."""
    does = 1.0 if gap >= 0 else -1.0
    untouched = _lost(batches, units, torch.ones(len(units)), check)
    found: list[Backup] = []
    for done, number in enumerate(ablated):
        if tell is not None:
            tell(done, len(ablated))
        keep = torch.ones(len(units))
        keep[number] = 0.0
        rises = does * (_lost(batches, units, keep, check) - untouched)
        rises[number] = 0.0
        # of what is lost anyway, a rise of the same size is no backup's
        matters = (rises > SHARE * abs(gap)) & (rises > untouched.abs())
        found.extend(
            Backup(number, other, float(rises[other]))
            for other in matters.nonzero().flatten().tolist()
        )
    return sorted(found, key=lambda each: -each.rise)


def _lost(
    batches: Sequence[Batch], units: Units, keep: Float[Tensor, " unit"], check: Check | None
) -> Float[Tensor, " unit"]:
    """Estimated: by how much the metric falls if the unit is ablated as well; mean over pairs."""
    total = torch.zeros(len(units))
    for batch in batches:
        gradient, _ = keep_gradient(batch, units, keep, lambda values: values.sum(), check=check)
        total += gradient.cpu()
    return total / sum(batch.n_pairs for batch in batches)
