"""From resolved edits of several rows of a batch to one change per site."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.errors import EditError
from analysis.interventions.resolving import Resolved
from analysis.models.changes import Change

Changes = dict[str, Change]
MOST_VALUES = 2**26
"""Of 4 bytes."""


def gather(rows: Sequence[Sequence[Resolved]], device: torch.device) -> Changes:
    """Per row of the batch, its edits; by site, what is put in."""
    n_values = sum(one.give.numel() for edits in rows for one in edits)
    if n_values > MOST_VALUES:
        raise EditError(
            f"the edits put in {n_values:,} numbers, more than {MOST_VALUES:,}",
            hint="Edit fewer positions, add up directions into one, or draw fewer controls.",
        )
    by_site: dict[str, list[tuple[int, Resolved]]] = {}
    for row, edits in enumerate(rows):
        for resolved in _added_up(edits):
            if len(resolved.positions):
                by_site.setdefault(resolved.edit.site, []).append((row, resolved))
    return {site: _joined(parts, device) for site, parts in by_site.items()}


def _joined(parts: list[tuple[int, Resolved]], device: torch.device) -> Change:
    def each(number: int, one: Resolved) -> Tensor:
        return torch.full_like(one.positions, number)

    lengths = None
    if any(one.length is not None for _, one in parts):
        lengths = torch.cat([_length(one) for _, one in parts]).to(device)
    return Change(
        rows=torch.cat([each(row, one) for row, one in parts]).to(device),
        positions=torch.cat([one.positions for _, one in parts]).to(device),
        units=torch.cat([each(one.edit.index or 0, one) for _, one in parts]).to(device),
        keep=torch.cat([one.keep for _, one in parts]).to(device),
        give=torch.cat([one.give for _, one in parts]).to(device),
        length=lengths,
    )


def _length(one: Resolved) -> Float[Tensor, " value"]:
    return torch.full_like(one.keep, float("nan")) if one.length is None else one.length


def _added_up(edits: Sequence[Resolved]) -> list[Resolved]:
    """Several additions to one neuron as one, for no value may be named twice."""
    neurons: dict[tuple[str, int], list[Resolved]] = {}
    found: list[Resolved] = []
    for one in edits:
        if one.edit.kind == "mlp" and one.edit.operation == "add":
            neurons.setdefault((one.edit.site, one.edit.index or 0), []).append(one)
        else:
            found.append(one)
    return found + [_sum(parts) for parts in neurons.values()]


def _sum(parts: list[Resolved]) -> Resolved:
    if len(parts) == 1:
        return parts[0]
    positions = torch.cat([one.positions for one in parts])
    places, which = torch.unique(positions, return_inverse=True)
    before = torch.zeros(len(places), 1)
    before[which] = torch.cat([one.before for one in parts])
    # what is added, whether it is added to the run's own value or stands with the clean one
    more = torch.cat([(one.keep[:, None] - 1) * one.before + one.give for one in parts])
    added = torch.zeros(len(places), 1).index_add_(0, which, more)
    keep = parts[0].keep[0].expand(len(places))
    give = added + (1 - keep[:, None]) * before
    return Resolved(parts[0].edit, places, before, keep.clone(), give)
