"""From edits as they are written to the numbers that are put in: new = keep · value + give.

`scale` and `add` act on the values of the clean run, so that the order of several edits does not
matter; where nothing before an edit is changed, that is what the run itself has there, and the
edit is left as a factor or a sum.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.errors import EditError
from analysis.interventions.checking import positions_in
from analysis.interventions.clean import CleanRun
from analysis.interventions.directions import direction_of
from analysis.interventions.reference import ReferenceValues
from analysis.models.prompts import tokens_of
from analysis.models.tracing import Check, EditableModel
from analysis.protocol.edits import Edit
from analysis.protocol.experiments import Reference
from analysis.protocol.prompts import Prompt


@runtime_checkable
class Given(Protocol):
    """What a request brings besides prompt and edits."""

    @property
    def reference(self) -> Reference | None: ...
    @property
    def statistics(self) -> str | None: ...


CleanOf = Callable[[Sequence[int]], CleanRun]
"""The clean run of other token ids."""


@dataclass(frozen=True)
class Resolved:
    """One edit at some positions, as numbers."""

    edit: Edit
    positions: Int[Tensor, " value"]
    before: Float[Tensor, "value width"]
    """Of the clean run: the neuron's activation, what the head hands on, nothing of the stream."""
    keep: Float[Tensor, " value"]
    give: Float[Tensor, "value width"]
    length: Float[Tensor, " value"] | None = None

    @property
    def on_clean_values(self) -> "Resolved":
        """The same with nothing left of what the run itself would have there."""
        if self.edit.kind == "resid" or not bool(self.keep.any()):
            return self
        give = self.keep[:, None] * self.before + self.give
        return replace(self, keep=torch.zeros_like(self.keep), give=give)


@dataclass(frozen=True)
class Means:
    """Means and standard deviations of every unit's activation, site after site."""

    table: Float[Tensor, "unit 2"]
    starts: dict[str, int]

    def mean(self, site: str, index: int) -> float:
        return float(self.table[self.starts[site] + index, 0])

    def deviations(self, site: str, n_units: int) -> Float[Tensor, " unit"]:
        start = self.starts[site]
        return self.table[start : start + n_units, 1]


def read_means(model: EditableModel, table: Float[Tensor, "unit 2"] | None) -> Means | None:
    """EditError: the table is not one row per unit of the model."""
    if table is None:
        return None
    starts, n_units = {}, 0
    for site in model.sites:
        starts[site.name] = n_units
        n_units += site.n_units
    if tuple(table.shape) != (n_units, 2):
        raise EditError(
            f"the statistics are {list(table.shape)}, not [{n_units}, 2]",
            hint="Send mean and standard deviation of every unit, site after site.",
        )
    return Means(table, starts)


@dataclass(frozen=True)
class Resolver:
    """What edits of one prompt are resolved with."""

    model: EditableModel
    clean: CleanRun
    clean_of: CleanOf
    reference: ReferenceValues
    means: Means | None
    check: Check

    def resolve(self, edit: Edit, generator: torch.Generator) -> Resolved:
        """One edit at its positions in the prompt; the generator decides what is resampled."""
        places = positions_in(edit.positions, self.clean.n_pos)
        positions = torch.tensor(places, dtype=torch.long)
        n = len(places)
        ones, width = torch.ones(n), self._width(edit)
        none = torch.zeros(n, width)
        before = none if edit.kind == "resid" else self._values(self.clean, edit)[positions]
        plain = Resolved(edit, positions, before, keep=torch.zeros(n), give=none)
        value = 0.0 if edit.value is None else edit.value
        match edit.operation:
            case "zero":
                return plain
            case "scale":
                return replace(plain, keep=ones * value)
            case "add" if edit.kind == "resid":
                vector = direction_of(self.model, edit, self.clean_of) * value
                return replace(plain, keep=ones, give=vector.expand(n, -1))
            case "add":
                return replace(plain, keep=ones, give=none + value)
            case "set" if edit.kind == "attn":
                # a length is set whatever the direction, so the run's own direction is kept
                return replace(plain, keep=ones, length=ones * value)
            case "set":
                return replace(plain, give=none + value)
            case "mean":
                return replace(plain, give=self._mean(edit, places).expand(n, -1))
            case "resample" if edit.source is None:
                drawn = self.reference.drawn(edit.site, places, generator)
                return replace(plain, give=self._of_unit(edit, drawn))
            case _:
                return replace(plain, give=self._from_source(edit, places))

    def lasting(self, edit: Edit) -> Resolved | None:
        """What the edit does to a new token, at position 0; None: it does nothing there.

        EditError: it says nothing of tokens that are not there yet.
        """
        if edit.positions.kind in ("chosen", "last"):
            return None
        fleeting = edit.operation in ("patch", "resample") or edit.per_position
        if fleeting and edit.positions.kind == "new":
            raise EditError(
                f"{edit.name}: {edit.operation} has a value per token of a prompt, and none for "
                "new tokens",
                hint="Set, scale or add instead, or take the mean over all positions.",
            )
        if fleeting:
            return None
        at_first = edit.positions.model_copy(update={"kind": "chosen", "chosen": (0,)})
        found = self.resolve(edit.model_copy(update={"positions": at_first}), torch.Generator())
        return replace(found, edit=edit)

    def _width(self, edit: Edit) -> int:
        facts = self.model.facts
        return {"mlp": 1, "attn": facts.d_head, "resid": facts.d_model}[edit.kind]

    def _values(self, clean: CleanRun, edit: Edit) -> Float[Tensor, "pos width"]:
        return self._of_unit(edit, clean.trace.values[edit.site][0].float()).cpu()

    def _of_unit(self, edit: Edit, values: Float[Tensor, "value n"]) -> Tensor:
        width, index = self._width(edit), edit.index or 0
        return values[..., index * width : (index + 1) * width].cpu()

    def _mean(self, edit: Edit, places: list[int]) -> Float[Tensor, "value width"]:
        if edit.per_position:
            return self._of_unit(edit, self.reference.mean_by_position(edit.site, places))
        if edit.kind == "mlp" and edit.value is not None:
            return torch.full((1, 1), edit.value)
        if edit.kind == "mlp" and self.means is not None and edit.index is not None:
            mean = self.means.mean(edit.site, edit.index)
            if not math.isfinite(mean):
                raise EditError(
                    f"{edit.name} has no mean: no activation of it was finite",
                    hint="Give a value instead.",
                )
            return torch.full((1, 1), mean)
        return self._of_unit(edit, self.reference.mean(edit.site)[None])

    def _from_source(self, edit: Edit, places: list[int]) -> Float[Tensor, "value width"]:
        source = edit.source or Prompt(tokens=(0,))
        other = self.clean_of(tokens_of(self.model, source))
        return self._values(other, edit)[_matching(edit, places, self.clean.n_pos, other.n_pos)]


def _matching(edit: Edit, places: list[int], n_pos: int, n_source: int) -> list[int]:
    """Where in the source prompt the value of each place comes from."""
    if edit.source_positions:
        chosen = dict(zip(edit.positions.chosen, edit.source_positions, strict=True))
        found = [chosen[place] for place in places]
    elif edit.positions.kind == "last":
        found = [place - n_pos + n_source for place in places]
    elif edit.positions.kind == "chosen" or n_pos == n_source:
        found = places
    else:
        raise EditError(
            f"{edit.name}: the other prompt has {n_source} tokens, this one {n_pos}: which of its "
            "tokens belongs to which is not for us to choose",
            hint="Make them equally long, patch the last n tokens, or choose positions and "
            "source_positions.",
        )
    if min(found, default=0) < 0 or max(found, default=0) >= n_source:
        raise EditError(
            f"{edit.name}: position {max(found)} is not in the other prompt, which has "
            f"{n_source} tokens",
            hint=f"Its positions run from 0 to {n_source - 1}.",
        )
    return found


def resolve_all(
    resolver: Resolver, edits: Sequence[Edit], *, chained: bool, seed: int
) -> list[Resolved]:
    """All edits of one run, each with its own share of the seed."""
    found = []
    first = min((_order(edit) for edit in edits), default=(0, 0))
    for number, edit in enumerate(edits):
        resolved = resolver.resolve(edit, generator_of(seed, number))
        untouched = chained or _order(edit) == first
        found.append(resolved if untouched else resolved.on_clean_values)
    return found


def generator_of(seed: int, number: int) -> torch.Generator:
    """What decides the chance in the edit of a number, in an experiment and its continuations."""
    return torch.Generator().manual_seed((seed * 1_000_003 + number) % 2**63)


def _order(edit: Edit) -> tuple[int, int]:
    """When in the run an edit acts."""
    return edit.layer, ("attn", "mlp", "resid").index(edit.kind)
