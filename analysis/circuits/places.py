"""Where on one prompt nodes act: positions and the estimated effect there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import torch

from analysis.circuits.attribution import Method, attribute
from analysis.circuits.hearing import EMBEDDING
from analysis.circuits.pairs import Sides
from analysis.circuits.units import Units

PLACE: Final = 0.05
"""Of a node's largest effect: positions with less are not told."""
MOST_PLACES: Final = 16

Place = tuple[int, float]
Places = tuple[Place, ...]
Told = TypeVar("Told", bound=tuple[Any, ...])


def find_places(shown: Sides, units: Units, numbers: Sequence[int]) -> Mapping[int, Places]:
    """Of each of the units and of the embedding, the strongest first: by how much the metric of
    the first pair falls, estimated by gradients; of the embedding, run."""
    method: Method = "both_ends" if shown.metric.is_least_on_clean else "atp"
    scores = attribute(shown, method, sorted({units.ref(number).site for number in numbers}))
    found = {EMBEDDING: _of_embedding(shown)}
    for number in numbers:
        unit = units.ref(number)
        effects = (-scores[unit.site][0, :, unit.index]).tolist()
        found[number] = strongest(enumerate(effects), MOST_PLACES)
    return found


def strongest(entries: Iterable[Told], most: int) -> tuple[Told, ...]:
    """Those whose last number is not next to nothing beside the largest."""
    ordered = sorted(entries, key=lambda each: -abs(each[-1]))[:most]
    largest = abs(ordered[0][-1]) if ordered else 0.0
    return tuple(each for each in ordered if largest and abs(each[-1]) >= PLACE * largest)


def _of_embedding(shown: Sides) -> Places:
    """Wherever the two prompts differ."""
    differs = (shown.clean.tokens[0] != shown.counterfactual.tokens[0]).nonzero().flatten()
    return tuple((position, embedding_effect(shown, position)) for position in differs.tolist())


def embedding_effect(sides: Sides, position: int) -> float:
    """By how much the metric of the first pair falls if that token is the counterfactual's."""
    begin = sides.clean.streams[0].clone()
    begin[:, position] = sides.counterfactual.streams[0][:, position]
    trace = replace(sides.clean, streams=[begin, *sides.clean.streams[1:]])
    with torch.no_grad():
        before = sides.values(sides.clean.last)
        return float((before - sides.values(sides.model.blend(trace, {})))[0])
