"""What each node does to a task's metric, by running it: its clean value is replaced by its
counterfactual one at every position, and the rest of the network runs on."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.pairs import Sides
from analysis.models.changes import Change
from analysis.models.tracing import Check

ROWS = 64
"""Nodes times pairs that go through the network together."""


def patch(
    sides: Sides, site: str, units: Sequence[int], *, check: Check | None = None
) -> Float[Tensor, "unit pair"]:
    """By how much the metric rises if each unit alone has its counterfactual value."""

    def counterfactual(some: slice) -> Float[Tensor, "unit pair pos width"]:
        values = sides.units(sides.counterfactual, site)
        return torch.stack([values[:, :, unit] for unit in units[some]])

    return _patch(sides, site, units, counterfactual, check)


def patch_with(
    sides: Sides,
    site: str,
    units: Sequence[int],
    values: Sequence[Float[Tensor, "pair pos width"]],
    *,
    check: Check | None = None,
) -> Float[Tensor, "unit pair"]:
    """The same with the values that are given, of one unit each; a unit may come again."""
    return _patch(sides, site, units, lambda some: torch.stack(list(values[some])), check)


def _patch(
    sides: Sides,
    site: str,
    units: Sequence[int],
    given: Callable[[slice], Tensor],
    check: Check | None,
) -> Float[Tensor, "unit pair"]:
    at_once = max(1, ROWS // sides.n_pairs)
    parts = [slice(start, start + at_once) for start in range(0, len(units), at_once)]
    with torch.no_grad():
        before = sides.values(sides.clean.last)
        found = [_patched(sides, site, units[some], given(some), check) - before for some in parts]
    return torch.cat(found)


def _patched(
    sides: Sides,
    site: str,
    units: Sequence[int],
    values: Float[Tensor, "unit pair pos width"],
    check: Check | None,
) -> Float[Tensor, "unit pair"]:
    """The metric itself."""
    n_pairs, n_pos, device = sides.n_pairs, sides.n_pos, sides.model.device
    n = len(units) * n_pairs * n_pos
    change = Change(
        rows=torch.arange(len(units) * n_pairs, device=device).repeat_interleave(n_pos),
        positions=torch.arange(n_pos, device=device).repeat(len(units) * n_pairs),
        units=torch.tensor(units, device=device).repeat_interleave(n_pairs * n_pos),
        keep=torch.zeros(n, device=device),
        give=values.flatten(0, 2).float(),
    )
    resumed = sides.model.resume(
        sides.clean,
        {site: change},
        rows=torch.arange(n_pairs, device=device).repeat(len(units)),
        check=check,
    )
    return sides.values(resumed.last).reshape(len(units), n_pairs)
