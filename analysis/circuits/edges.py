"""How much of what a node does it does directly, through each of the nodes that read it.

A source writes into the residual stream; a target reads the stream, and with it what the source
wrote. So a link is asked for locally: the target is computed with the source's contribution
exchanged for that on the other prompt and all between them as it was, and its change is weighed by
what the target's change does to the metric. Nothing between the two has to run, and the target's
own nonlinearity (softmax of attention, gate, threshold) is exact.

The weight is the gradient at the target, corrected by as little as makes it agree with what
patching the target by itself does (Broyden 1965): of a head behind sharp attention, or a neuron
that saturates, the gradient alone is 0. All is done from both ends, taking the source away
from the clean run and adding it to the counterfactual one, and the mean is told: at one end alone,
one of two sources that each suffice looks idle.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.pairs import Sides, by_unit
from analysis.circuits.patching import patch
from analysis.circuits.units import Units
from analysis.models.changes import Blend
from analysis.models.site_hooks import Values
from analysis.models.tracing import Check, Trace

EMBEDDING: Final = -1
LOGITS: Final = -2
"""Numbers of the two ends of every circuit, beside those of units."""
ROWS: Final = 64
"""Sources times pairs that go through a layer together."""

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Edge:
    source: int
    target: int
    weight: float
    """By how much the metric falls without this way; mean over pairs, positions summed."""


def find_edges(
    sides: Sequence[Sides],
    units: Units,
    numbers: Sequence[int],
    *,
    both: bool = True,
    check: Check | None = None,
    tell: Tell | None = None,
) -> list[Edge]:
    """All links between units of `numbers`, from the embedding to them, and to the logits. `both`
    ends need counterfactual values that are of a run."""
    found: dict[tuple[int, int], float] = {}
    ends = [(one, -1.0) for one in sides]
    if both:
        ends += [(one.swapped, 1.0) for one in sides]
    n_pairs = sum(one.n_pairs for one in sides)
    for done, (one, sign) in enumerate(ends):
        for way, weight in _End(one, units, sorted(numbers), check).weights().items():
            found[way] = found.get(way, 0.0) + sign * weight / (n_pairs * (1 + both))
        if tell is not None:
            tell(done + 1, len(ends))
    return [Edge(source, target, weight) for (source, target), weight in found.items()]


@dataclass(frozen=True, eq=False)
class _End:
    """The links at one of the two runs, summed over pairs."""

    sides: Sides
    """Into its clean run is put what sources write on the counterfactual."""
    units: Units
    numbers: Sequence[int]
    check: Check | None

    @property
    def here(self) -> Trace:
        return self.sides.clean

    @property
    def there(self) -> Trace:
        return self.sides.counterfactual

    def weights(self) -> dict[tuple[int, int], float]:
        written = self._written()
        found: dict[tuple[int, int], float] = {}
        gradients = self._gradients()
        for layer in sorted({self.units.layer(number) for number in self.numbers}):
            found.update(self._into_layer(layer, written, gradients))
        found.update(self._into_logits(written))
        return found

    def _gradients(self) -> dict[int, Float[Tensor, "pair pos width"]]:
        """Of each unit, agreeing with what patching it does."""
        sides = self.sides
        by_site: dict[str, list[int]] = defaultdict(list)
        for number in self.numbers:
            by_site[self.units.ref(number).site].append(number)
        slopes = sides.model.differentiate(
            self.here, lambda last: sides.values(last).sum(), list(by_site), check=self.check
        )
        found = {}
        for site, numbers in by_site.items():
            indices = [self.units.ref(number).index for number in numbers]
            effects = patch(sides, site, indices, check=self.check)
            moved = sides.units(self.there, site) - sides.units(self.here, site)
            slope = by_unit(sides.model, site, slopes[site])
            for number, index, effect in zip(numbers, indices, effects, strict=True):
                found[number] = _corrected(slope[:, :, index], moved[:, :, index], effect)
        return found

    def _written(self) -> dict[int, Float[Tensor, "pair pos d_model"]]:
        """What each source writes differently on the other prompt."""
        written = {EMBEDDING: self.there.streams[0] - self.here.streams[0]}
        for layer in sorted({self.units.layer(number) for number in self.numbers}):
            of_layer = [number for number in self.numbers if self.units.layer(number) == layer]
            for some in self._batched(of_layer):
                stream = self.here.streams[layer]
                blends = self._held(layer, some)
                after, _ = self._run(layer, self._repeated(stream, len(some)), blends, len(some))
                differs = after - self._repeated(self.here.streams[layer + 1], len(some))
                written.update(zip(some, differs.chunk(len(some)), strict=True))
        return written

    def _into_layer(
        self, layer: int, written: Mapping[int, Tensor], gradients: Mapping[int, Tensor]
    ) -> dict[tuple[int, int], float]:
        """Of everything before it; heads of the layer itself are heard by its neurons only."""
        targets = [number for number in self.numbers if self.units.layer(number) == layer]
        before = [number for number in written if self._layer(number) < layer]
        heads = [number for number in targets if self.units.ref(number).site.startswith("attn.")]
        found: dict[tuple[int, int], float] = {}
        neurons = [number for number in targets if number not in heads]
        for sources, inside in ((before, False), (heads if neurons else [], True)):
            for some in self._batched(sources):
                stream = self._repeated(self.here.streams[layer], len(some))
                if not inside:
                    stream = stream + torch.cat([written[number] for number in some])
                blends = self._held(layer, some if inside else [], n=len(some))
                _, values = self._run(layer, stream, blends, len(some))
                for target in neurons if inside else targets:
                    changes = self._changes(values, target, gradients, len(some))
                    found.update(
                        ((source, target), change)
                        for source, change in zip(some, changes.tolist(), strict=True)
                    )
        return found

    def _changes(
        self, values: Values, target: int, gradients: Mapping[int, Tensor], n: int
    ) -> Float[Tensor, " source"]:
        """Of the metric, by the target's change, for each source."""
        unit = self.units.ref(target)
        model = self.sides.model

        def of(found: Tensor) -> Tensor:
            return by_unit(model, unit.site, found)[:, :, unit.index]

        moved = of(values[unit.site]) - self._repeated(of(self.here.values[unit.site]), n)
        slope = self._repeated(gradients[target], n)
        return (moved * slope).sum((1, 2)).reshape(n, -1).sum(1).cpu()

    def _into_logits(self, written: Mapping[int, Tensor]) -> dict[tuple[int, int], float]:
        sides, found = self.sides, {}
        with torch.no_grad():
            before = sides.values(self.here.last).sum()
            for some in self._batched(list(written)):
                stream = self._repeated(self.here.streams[-1], len(some))
                stream = stream + torch.cat([written[number] for number in some])
                values = sides.values(sides.model.finish(stream)).reshape(len(some), -1).sum(1)
                for source, change in zip(some, (values - before).tolist(), strict=True):
                    found[source, LOGITS] = change
        return found

    def _held(self, layer: int, sources: Sequence[int], n: int | None = None) -> dict[str, Blend]:
        """Both sites of the layer as they were, but for one source per row."""
        times = len(sources) if n is None else n
        blends = {}
        for site in self.units.sites:
            if site.layer != layer:
                continue
            other = self._repeated(self.here.values[site.name], times).clone()
            given = by_unit(self.sides.model, site.name, self.there.values[site.name])
            rows = by_unit(self.sides.model, site.name, other)
            for at, number in enumerate(sources):
                unit = self.units.ref(number)
                if unit.site == site.name:
                    n_pairs = self.sides.n_pairs
                    rows[at * n_pairs : (at + 1) * n_pairs, :, unit.index] = given[:, :, unit.index]
            blends[site.name] = Blend(keep=torch.zeros_like(other[0, 0]), other=other)
        return blends

    def _run(
        self, layer: int, stream: Tensor, blends: Mapping[str, Blend], n: int
    ) -> tuple[Tensor, Values]:
        rows = torch.arange(self.sides.n_pairs, device=stream.device).repeat(n)
        return self.sides.model.run_layer(
            self.here, layer, stream, blends, rows=rows, check=self.check
        )

    def _repeated(self, values: Tensor, n: int) -> Tensor:
        return values.repeat(n, *[1] * (values.ndim - 1))

    def _batched(self, numbers: Sequence[int]) -> list[Sequence[int]]:
        at_once = max(1, ROWS // self.sides.n_pairs)
        return [numbers[start : start + at_once] for start in range(0, len(numbers), at_once)]

    def _layer(self, number: int) -> int:
        return -1 if number == EMBEDDING else self.units.layer(number)


def _corrected(
    slope: Float[Tensor, "pair pos width"],
    moved: Float[Tensor, "pair pos width"],
    effect: Float[Tensor, " pair"],
) -> Float[Tensor, "pair pos width"]:
    """The gradient nearest to `slope` that gives `effect` for the whole step."""
    lacks = effect - (slope * moved).sum((1, 2))
    length = moved.square().sum((1, 2))
    more = torch.where(length > 0, lacks / length.clamp_min(1e-30), 0.0)
    return slope + more[:, None, None] * moved
