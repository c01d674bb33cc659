"""All neurons and heads of a model in one row, in the order of computation."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.protocol.edits import UnitRef
from analysis.records import Site


@dataclass(frozen=True)
class Units:
    """Where in the row each unit is. Numbers count from 0."""

    sites: tuple[Site, ...]

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each site begins, and last how many units there are."""
        found = [0]
        for site in self.sites:
            found.append(found[-1] + site.n_units)
        return tuple(found)

    def __len__(self) -> int:
        return self.starts[-1]

    def number(self, unit: UnitRef) -> int:
        """ValueError: the model has no such unit."""
        for site, start in zip(self.sites, self.starts, strict=False):
            if site.name == unit.site and unit.index < site.n_units:
                return start + unit.index
        raise ValueError(f"the model has no unit {unit.site}/{unit.index}")

    def site_number(self, number: int) -> int:
        """Of the unit's site among `sites`."""
        return bisect_right(self.starts, number) - 1

    def ref(self, number: int) -> UnitRef:
        at = self.site_number(number)
        return UnitRef(site=self.sites[at].name, index=number - self.starts[at])

    def layer(self, number: int) -> int:
        return self.sites[self.site_number(number)].layer

    def by_site(self, row: Float[Tensor, " unit"]) -> dict[str, Tensor]:
        """Views of the row, one per site."""
        parts = torch.split(row, [site.n_units for site in self.sites])
        return {site.name: part for site, part in zip(self.sites, parts, strict=True)}

    def in_a_row(self, parts: Mapping[str, Tensor]) -> Float[Tensor, " unit"]:
        return torch.cat([parts[site.name] for site in self.sites])

    def only(self, numbers: Sequence[int] | Tensor) -> Float[Tensor, " unit"]:
        """1 of these, 0 of all others."""
        row = torch.zeros(len(self))
        row[torch.as_tensor(numbers, dtype=torch.int64)] = 1.0
        return row
