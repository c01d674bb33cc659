"""What each node does to a task's metric, by running it: its clean value is replaced by its
counterfactual one at every position, and the rest of the network runs on."""

from collections.abc import Sequence

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
    at_once = max(1, ROWS // sides.n_pairs)
    with torch.no_grad():
        before = sides.values(sides.clean.last)
        found = [
            _patched(sides, site, units[start : start + at_once], check) - before
            for start in range(0, len(units), at_once)
        ]
    return torch.cat(found)


def _patched(
    sides: Sides, site: str, units: Sequence[int], check: Check | None
) -> Float[Tensor, "unit pair"]:
    """The metric itself."""
    n_pairs, n_pos, device = sides.n_pairs, sides.n_pos, sides.model.device
    n = len(units) * n_pairs * n_pos
    rows = torch.arange(len(units) * n_pairs, device=device).repeat_interleave(n_pos)
    positions = torch.arange(n_pos, device=device).repeat(len(units) * n_pairs)
    named = torch.tensor(units, device=device).repeat_interleave(n_pairs * n_pos)
    values = sides.units(sides.counterfactual, site)[rows % n_pairs, positions, named]
    change = Change(
        rows=rows,
        positions=positions,
        units=named,
        keep=torch.zeros(n, device=device),
        give=values.float(),
    )
    resumed = sides.model.resume(
        sides.clean,
        {site: change},
        rows=torch.arange(n_pairs, device=device).repeat(len(units)),
        check=check,
    )
    return sides.values(resumed.last).reshape(len(units), n_pairs)
