"""What each node hears of what others write, at one of the two runs of some pairs.

A source writes into the residual stream; a target reads the stream, and with it what the source
wrote. The target is computed with the source's contribution exchanged for that on the other prompt
and all between them as it was, and its change is weighed by what the target's change does to the
metric.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float64
from numpy import ndarray
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
"""Voices times pairs that go through a layer together."""


@dataclass(frozen=True)
class Voice:
    """What a node writes: everywhere, or at one position alone."""

    source: int
    at: int | None = None

    @property
    def where(self) -> slice:
        return slice(None) if self.at is None else slice(self.at, self.at + 1)


Heard = tuple[Sequence[Voice], Sequence[int], Values]
"""Voices that were put in, one to each row of pairs; who listens in that layer, and its values."""


@dataclass(frozen=True, eq=False)
class End:
    """One run, into which `voices` are put one at a time; the nodes of `numbers` listen."""

    sides: Sides
    """Into its clean run is put what sources write on the counterfactual."""
    units: Units
    numbers: Sequence[int]
    voices: Sequence[Voice]
    check: Check | None

    @property
    def here(self) -> Trace:
        return self.sides.clean

    @property
    def there(self) -> Trace:
        return self.sides.counterfactual

    def heard(self) -> Iterator[tuple[Voice, int, Float64[ndarray, " pos"]]]:
        """By how much the metric rises through each listener's change at each of its positions,
        and directly; summed over pairs."""
        written = self._written()
        gradients = self._gradients()
        for voices, targets, values in self._into_layers(written):
            yield from self._changes(values, voices, targets, gradients)
        yield from self._into_logits(written)

    def computed(self) -> Iterator[tuple[Voice, int, Float[Tensor, "pair pos width"]]]:
        """What each listener computes while one voice is put in."""
        for voices, targets, values in self._into_layers(self._written()):
            for target in targets:
                of_voices = self._of(target, values).chunk(len(voices))
                for voice, each in zip(voices, of_voices, strict=True):
                    yield voice, target, each

    @cached_property
    def effects(self) -> dict[int, Float[Tensor, " pair"]]:
        """By how much the metric rises if each listener alone has its value on the other run."""
        found: dict[int, Tensor] = {}
        for site, numbers in self._by_site().items():
            indices = [self.units.ref(number).index for number in numbers]
            effects = patch(self.sides, site, indices, check=self.check)
            found.update(zip(numbers, effects, strict=True))
        return found

    def _by_site(self) -> dict[str, list[int]]:
        by_site: dict[str, list[int]] = defaultdict(list)
        for number in self.numbers:
            by_site[self.units.ref(number).site].append(number)
        return by_site

    def _gradients(self) -> dict[int, Float[Tensor, "pair pos width"]]:
        """Of each unit, agreeing with what patching it does."""
        sides, by_site = self.sides, self._by_site()
        if not by_site:  # every way goes to the logits
            return {}
        slopes = sides.model.differentiate(
            self.here, lambda last: sides.values(last).sum(), list(by_site), check=self.check
        )
        found = {}
        for site, numbers in by_site.items():
            moved = sides.units(self.there, site) - sides.units(self.here, site)
            slope = by_unit(sides.model, site, slopes[site])
            for number in numbers:
                index, effect = self.units.ref(number).index, self.effects[number]
                found[number] = _corrected(slope[:, :, index], moved[:, :, index], effect)
        return found

    def _written(self) -> dict[int, Float[Tensor, "pair pos d_model"]]:
        """What each source writes differently on the other prompt."""
        written = {EMBEDDING: self.there.streams[0] - self.here.streams[0]}
        sources = {voice.source for voice in self.voices} - {EMBEDDING}
        for layer in sorted({self.units.layer(number) for number in sources}):
            of_layer = [Voice(number) for number in sources if self.units.layer(number) == layer]
            for some in self._batched(of_layer):
                stream = self._repeated(self.here.streams[layer], len(some))
                after, _ = self._run(layer, stream, self._held(layer, some), len(some))
                differs = after - self._repeated(self.here.streams[layer + 1], len(some))
                found = differs.chunk(len(some))
                written.update(
                    (voice.source, each) for voice, each in zip(some, found, strict=True)
                )
        return written

    def _into_layers(self, written: Mapping[int, Tensor]) -> Iterator[Heard]:
        for layer in sorted({self.units.layer(number) for number in self.numbers}):
            yield from self._into_layer(layer, written)

    def _into_layer(self, layer: int, written: Mapping[int, Tensor]) -> Iterator[Heard]:
        """Of everything before it; heads of the layer itself are heard by its neurons only."""
        targets = [number for number in self.numbers if self.units.layer(number) == layer]
        neurons = [number for number in targets if not self._is_head(number)]
        before = [voice for voice in self.voices if self._layer(voice.source) < layer]
        inside = [
            voice
            for voice in self.voices
            if neurons and self._layer(voice.source) == layer and self._is_head(voice.source)
        ]
        for some in self._batched(before):
            stream = self._spoken(self.here.streams[layer], some, written)
            _, values = self._run(layer, stream, self._held(layer, [], n=len(some)), len(some))
            yield some, targets, values
        for some in self._batched(inside):
            stream = self._repeated(self.here.streams[layer], len(some))
            _, values = self._run(layer, stream, self._held(layer, some), len(some))
            yield some, neurons, values

    def _changes(
        self,
        values: Values,
        voices: Sequence[Voice],
        targets: Sequence[int],
        gradients: Mapping[int, Tensor],
    ) -> Iterator[tuple[Voice, int, Float64[ndarray, " pos"]]]:
        """Of the metric, by each target's change."""
        n = len(voices)
        for target in targets:
            now, before = self._of(target, values), self._of(target, self.here.values)
            moved = now - self._repeated(before, n)
            by_place = (moved * self._repeated(gradients[target], n)).sum(2)
            by_voice = by_place.reshape(n, self.sides.n_pairs, -1).sum(1).double().cpu().numpy()
            for voice, change in zip(voices, by_voice, strict=True):
                yield voice, target, change

    def _into_logits(
        self, written: Mapping[int, Tensor]
    ) -> Iterator[tuple[Voice, int, Float64[ndarray, " pos"]]]:
        """At the last position: the metric is read from it."""
        sides = self.sides
        with torch.no_grad():
            before = float(sides.values(self.here.last).sum())
            for some in self._batched(self.voices):
                stream = self._spoken(self.here.streams[-1], some, written)
                values = sides.values(sides.model.finish(stream)).reshape(len(some), -1).sum(1)
                for voice, value in zip(some, values.tolist(), strict=True):
                    change = np.zeros(sides.n_pos)
                    change[-1] = value - before
                    yield voice, LOGITS, change

    def _of(self, number: int, values: Values) -> Float[Tensor, "row pos width"]:
        """What one unit hands on, of all values of its site."""
        unit = self.units.ref(number)
        return by_unit(self.sides.model, unit.site, values[unit.site])[:, :, unit.index]

    def _spoken(
        self, stream: Tensor, voices: Sequence[Voice], written: Mapping[int, Tensor]
    ) -> Float[Tensor, "row pos d_model"]:
        """The stream, once for each voice, with what it says."""
        rows = self._repeated(stream, len(voices)).clone()
        for row, voice in zip(rows.chunk(len(voices)), voices, strict=True):
            row[:, voice.where] += written[voice.source][:, voice.where]
        return rows

    def _held(self, layer: int, voices: Sequence[Voice], n: int | None = None) -> dict[str, Blend]:
        """Both sites of the layer as they were, but for one voice per row."""
        times = len(voices) if n is None else n
        n_pairs, blends = self.sides.n_pairs, {}
        for site in self.units.sites:
            if site.layer != layer:
                continue
            other = self._repeated(self.here.values[site.name], times).clone()
            given = by_unit(self.sides.model, site.name, self.there.values[site.name])
            rows = by_unit(self.sides.model, site.name, other)
            for at, voice in enumerate(voices):
                unit = self.units.ref(voice.source)
                if unit.site == site.name:
                    some = slice(at * n_pairs, (at + 1) * n_pairs)
                    rows[some, voice.where, unit.index] = given[:, voice.where, unit.index]
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

    def _batched(self, voices: Sequence[Voice]) -> list[Sequence[Voice]]:
        at_once = max(1, ROWS // self.sides.n_pairs)
        return [voices[start : start + at_once] for start in range(0, len(voices), at_once)]

    def _layer(self, number: int) -> int:
        return -1 if number == EMBEDDING else self.units.layer(number)

    def _is_head(self, number: int) -> bool:
        return self.units.ref(number).site.startswith("attn.")


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
