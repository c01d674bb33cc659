"""Prompts of one length, any of which may lend the values of its units to those of other pairs.

Values are of whole runs: what a unit had when the other prompt went through the untouched network.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from torch import Tensor

from analysis.circuits.keeping import slim, widened
from analysis.circuits.pairs import Sides, by_unit, run_sides
from analysis.circuits.units import Units
from analysis.models.changes import Blend
from analysis.models.site_hooks import Values
from analysis.models.tracing import Check, EditableModel, Trace
from analysis.protocol.proofs import Feature
from analysis.tasks.features import alike, by_length
from analysis.tasks.prompting import AT_ONCE
from analysis.tasks.task import Metric, Pair

DRAWS: Final = 4
"""Times that donors are drawn anew."""

Others = tuple[Int[Tensor, "pair other"], Int[Tensor, " pair"]]


@dataclass(frozen=True)
class Hypothesis:
    """What units carry; all that are not named carry nothing, and are resampled from any prompt."""

    carriers: Mapping[int, Feature]
    """Resampled from prompts that share it."""
    own: frozenset[int] = frozenset()
    """They carry everything: each has the value of the prompt itself, as if only the prompt itself
    shared their feature."""
    computed: frozenset[int] = frozenset()
    """Nothing is said of these: they compute from what reaches them."""


@dataclass(frozen=True, eq=False)
class Room:
    pairs: tuple[Pair, ...]
    sides: tuple[Sides, ...]
    """The pairs in this order, as many as are run together; what can be run anew is left out."""
    values: Values
    """By site, of the clean prompts and behind them the counterfactual ones."""
    whole: Float[Tensor, " pair"]
    """The metric of the untouched model."""

    _alike: dict[Feature, Others] = field(default_factory=dict)

    @property
    def n_pairs(self) -> int:
        return len(self.pairs)

    @property
    def n_bytes(self) -> int:
        run = sum(one.clean.n_bytes + one.counterfactual.n_bytes for one in self.sides)
        references = sum(one.reference.nbytes for one in self.sides)
        return run + references + sum(values.nbytes for values in self.values.values())

    def run(
        self, units: Units, hypothesis: Hypothesis, *, seed: int, check: Check | None = None
    ) -> Float[Tensor, " pair"]:
        """The metric of each clean prompt, mean over several draws; the same seed draws the same
        for units of which hypotheses do not differ."""
        keep = units.only(sorted(hypothesis.computed))
        draws = []
        with torch.no_grad():
            for draw in range(DRAWS):
                donors = self._donors(len(units), hypothesis, [seed, self.sides[0].n_pos, draw])
                draws.append(torch.cat(self._metrics(units, keep, donors, check)))
        return torch.stack(draws).mean(0)

    def have_donors(self, features: Collection[Feature]) -> Bool[ndarray, " pair"]:
        """Of which prompts other pairs share all of these: of the rest no claim is tested."""
        found = np.ones(self.n_pairs, dtype=np.bool_)
        for feature in features:
            found &= np.array([bool(others) for others in alike(self.pairs, feature)])
        return found

    def _metrics(
        self,
        units: Units,
        keep: Float[Tensor, " unit"],
        donors: Int[Tensor, "pair unit"],
        check: Check | None,
    ) -> list[Tensor]:
        found, start = [], 0
        for sides in self.sides:
            model = sides.model
            kept = units.by_site(keep.to(model.device, model.dtype))
            given = donors[start : start + sides.n_pairs]
            parts = torch.split(given, [site.n_units for site in units.sites], dim=1)
            blends = {
                site.name: Blend(
                    keep=widened(model, site.name, kept[site.name]),
                    other=self._lent(model, site.name, part),
                )
                for site, part in zip(units.sites, parts, strict=True)
            }
            found.append(sides.values(model.blend(sides.clean, blends, check=check)))
            start += sides.n_pairs
        return found

    def _lent(
        self, model: EditableModel, site: str, donors: Int[Tensor, "row unit"]
    ) -> Float[Tensor, "row pos value"]:
        values = by_unit(model, site, self.values[site])
        at = donors.to(values.device)[:, None, :, None]
        return values.gather(0, at.expand(-1, values.shape[1], -1, values.shape[3])).flatten(2)

    def _donors(
        self, n_units: int, hypothesis: Hypothesis, seed: Sequence[int]
    ) -> Int[Tensor, "pair unit"]:
        """The number of the prompt that each unit's value is from, for each clean prompt."""
        n = self.n_pairs
        rows = torch.arange(n)[:, None]
        drawn = np.random.default_rng([*seed, 0]).integers(0, 2 * (n - 1), (n, n_units))
        is_other, donors = (torch.from_numpy(each) for each in np.divmod(drawn, n - 1))
        donors += donors >= rows  # any pair but the own one
        donors += n * is_other
        donors[:, sorted(hypothesis.own)] = rows
        chances = np.random.default_rng([*seed, 1]).random((n, n_units))
        for feature in set(hypothesis.carriers.values()):
            own = [number for number, each in hypothesis.carriers.items() if each == feature]
            others, counts = self._others(feature)
            # where no other has the same, the one entry is the prompt itself
            picked = (torch.from_numpy(chances[:, own]) * counts[:, None]).long()
            donors[:, own] = others.gather(1, picked)
        return donors

    def _others(self, feature: Feature) -> Others:
        """Of each prompt those that are alike, and how many they are."""
        if feature not in self._alike:
            found = [others or [number] for number, others in enumerate(alike(self.pairs, feature))]
            most = max(map(len, found))
            padded = [others + others[:1] * (most - len(others)) for others in found]
            counts = [len(others) for others in found]
            self._alike[feature] = torch.tensor(padded), torch.tensor(counts)
        return self._alike[feature]


def rooms_of(
    model: EditableModel, metric: Metric, pairs: Sequence[Pair], *, check: Check | None = None
) -> list[Room]:
    """Pairs of a length that no other has are left out. ValueError: then none is left."""
    found = [_room(model, metric, some, check) for some in by_length(pairs)]
    if not found:
        raise ValueError("scrubbing takes values from other prompts of the same length: add pairs")
    return found


def _room(
    model: EditableModel, metric: Metric, pairs: tuple[Pair, ...], check: Check | None
) -> Room:
    values: dict[str, Tensor] = {}
    run, whole, n = [], [], len(pairs)
    for start in range(0, n, AT_ONCE):
        sides = run_sides(model, metric, pairs[start : start + AT_ONCE], check=check)
        with torch.no_grad():
            whole.append(sides.values(sides.clean.last))
        for trace, row in ((sides.clean, start), (sides.counterfactual, n + start)):
            _put(trace, values, row, 2 * n)
        run.append(slim(sides))
    return Room(pairs, tuple(run), values, torch.cat(whole))


def _put(trace: Trace, values: dict[str, Tensor], row: int, n_rows: int) -> None:
    """Into what is to hold all rows, so that nothing is held twice."""
    for site, part in trace.values.items():
        if site not in values:
            values[site] = part.new_empty(n_rows, *part.shape[1:])
        values[site][row : row + len(part)] = part
