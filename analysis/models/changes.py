"""What is put in the place of some values while a model runs: new = keep · value + give."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

MOST_ADDED = 16
"""Neurons changed at a place, on average, for which what each writes is added up."""


@dataclass(frozen=True)
class Change:
    """Of some values of one site: in which row of the batch, where, of which unit.

    No value is named twice, except in the residual stream, where what is given adds up.
    """

    rows: Int[Tensor, " value"]
    positions: Int[Tensor, " value"]
    units: Int[Tensor, " value"]
    """Ignored for the residual stream."""
    keep: Float[Tensor, " value"]
    give: Float[Tensor, "value width"]
    """Width 1 for neurons, d_head for heads, d_model for the residual stream."""
    length: Float[Tensor, " value"] | None = None
    """Of heads: afterwards scaled so that what the head writes has this norm; NaN: it is not."""


@dataclass(frozen=True)
class Blend:
    """All values of one site, some of them more, some less: other + keep · (value − other)."""

    keep: Float[Tensor, " value"]
    """1: as computed; 0: the other one. May be differentiated by."""
    other: Float[Tensor, "rows positions value"]
    """Of one row or position where it is the same in all."""

    def of(self, value: Float[Tensor, "row pos value"]) -> Float[Tensor, "row pos value"]:
        return torch.lerp(self.other.expand_as(value), value, self.keep)


def is_few(change: Change, n_places: int) -> bool:
    """Whether to add up what each changed neuron writes takes less than to run its layer."""
    return len(change.units) <= MOST_ADDED * n_places


def change_neurons(x: Float[Tensor, "batch pos neuron"], change: Change) -> Tensor:
    """A copy with some neurons' activations changed."""
    new = x.clone()
    where = (change.rows, change.positions, change.units)
    new[where] = _changed(x[where][:, None], change)[:, 0]
    return new


def change_heads(
    z: Float[Tensor, "batch pos heads_d_head"],
    change: Change,
    n_heads: int,
    triangles: Float[Tensor, "head d_head d_out"] | None,
) -> Tensor:
    """A copy with what some heads hand on changed; `triangles` only where lengths are set."""
    new = z.clone().reshape(*z.shape[:-1], n_heads, -1)
    where = (change.rows, change.positions, change.units)
    values = _changed(new[where], change)
    if change.length is not None and triangles is not None:
        values = _lengthened(values, change.units, change.length, triangles)
    new[where] = values
    return new.reshape(z.shape)


def change_stream(h: Float[Tensor, "batch pos d_model"], change: Change) -> Tensor:
    """A copy with vectors added to the residual stream."""
    added: Tensor = h.index_put(
        (change.rows, change.positions), change.give.to(h.dtype), accumulate=True
    )
    return added


def _changed(values: Float[Tensor, "value width"], change: Change) -> Tensor:
    # in float32: a factor of 0.3 is not 0.3 in bfloat16
    new = change.keep[:, None] * values.float() + change.give
    return new.to(values.dtype)


def _lengthened(
    values: Float[Tensor, "value d_head"],
    units: Int[Tensor, " value"],
    length: Float[Tensor, " value"],
    triangles: Float[Tensor, "head d_head d_out"],
) -> Tensor:
    """A head that writes nothing has no direction: it stays at 0."""
    per_head = triangles.float()[units]
    now = torch.linalg.vector_norm(torch.einsum("vd,vdo->vo", values.float(), per_head), dim=-1)
    factor = torch.where(now > 0, length / now.clamp(min=torch.finfo(now.dtype).tiny), 0.0)
    factor = torch.where(length.isnan(), 1.0, factor)
    return (values.float() * factor[:, None]).to(values.dtype)
