"""Who takes over when a unit is ablated.

A unit whose backup does its work alone has a small effect by itself, and its backup none at all:
asked one by one, both look as if they did not matter (self-repair; McGrath et al. 2023). So each of
the units that matter is ablated, and all others are estimated anew in that state. Whose effect
rises, backs it up; and that it does is then run, by ablating both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.keeping import Batch, all_values, keep_gradient
from analysis.circuits.units import Units
from analysis.models.tracing import Check

Tell = Callable[[int, int], None]
SHARE = 0.05
"""Of the task's gap between clean and counterfactual: smaller rises are not told."""
N_RUN: Final = 24
"""Backups that are run, of the largest rises."""
CONFIRMED: Final = 0.5
"""Of the least rise that is told: as much, when it is run, confirms it."""


@dataclass(frozen=True)
class Backup:
    """`backup` does by `rise` more, in the unit of the metric, while `ablated` is ablated."""

    ablated: int
    backup: int
    rise: float
    """Estimated."""
    exact: float | None = None
    """Run; None: it was not."""
    confirmed: bool | None = None
    """None: it was not run."""

    @property
    def stands(self) -> bool:
        """It is not refuted by running it."""
        return self.confirmed is not False


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


def confirm(
    batches: Sequence[Batch],
    units: Units,
    found: Sequence[Backup],
    gap: float,
    alone: Mapping[int, float],
    *,
    most: int = N_RUN,
    check: Check | None = None,
) -> list[Backup]:
    """The same, the first `most` of them with their exact rise on the same pairs:

        lost(both) − lost(ablated) − lost(backup),

    where lost(U) = m(M) − m(M without U), mean over pairs, is by how much the metric falls if
    all of U are ablated; where `gap` is below 0 the sign is turned, as of the estimate. It is
    above 0 where the backup does more while the other is ablated, and 0 where the two add up. It
    confirms the backup if it is `CONFIRMED` · `SHARE` · |gap| or more, and more than the backup
    does by itself: the rise is the same whichever of the two is called the backup. `alone`: by how
    much the metric rises, which is −lost, of units that were run on these pairs.
    """
    does = 1.0 if gap >= 0 else -1.0
    whole = float(torch.cat([batch.whole for batch in batches]).double().mean())
    lost_alone = {number: -rise for number, rise in alone.items()}

    def lost(*numbers: int) -> float:
        keep = torch.ones(len(units))
        keep[list(numbers)] = 0.0
        return whole - float(all_values(batches, units, keep, check).mean())

    def run(each: Backup) -> Backup:
        for number in (each.ablated, each.backup):
            if number not in lost_alone:
                lost_alone[number] = lost(number)
        both = lost(each.ablated, each.backup)
        rise = does * (both - lost_alone[each.ablated] - lost_alone[each.backup])
        least = max(CONFIRMED * SHARE * abs(gap), abs(lost_alone[each.backup]))
        return replace(each, exact=rise, confirmed=rise >= least)

    return [*map(run, found[:most]), *found[most:]]


def _lost(
    batches: Sequence[Batch], units: Units, keep: Float[Tensor, " unit"], check: Check | None
) -> Float[Tensor, " unit"]:
    """Estimated: by how much the metric falls if the unit is ablated as well; mean over pairs."""
    total = torch.zeros(len(units))
    for batch in batches:
        gradient, _ = keep_gradient(batch, units, keep, lambda values: values.sum(), check=check)
        total += gradient.cpu()
    return total / sum(batch.n_pairs for batch in batches)
