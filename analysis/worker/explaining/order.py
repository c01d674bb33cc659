"""In which order units are explained: so that what is done at any moment is a random sample.

Each site's units stand in a random order of their own (by the seed). Chunks go round by round over
all sites: first a few of each site, then more, then all; so the first minute shows every layer, and
numbers of a half-finished run are of randomly chosen units.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

ROUNDS = (8, 24, 64)
"""Units of each site in the first rounds."""
LATER = 128
"""Units of a chunk after that."""
MANY = 16
"""Units that somebody picked of one site: fewer may be alike."""


@dataclass(frozen=True)
class Chunk:
    """Units of one site that are explained and stored together."""

    round: int
    site: str
    units: tuple[int, ...]


def chunks_of(
    sites: Mapping[str, Sequence[int]], *, seed: int, sample: int | None = None
) -> list[Chunk]:
    """All chunks, in order of the work. `sites`: the units of each that may be explained; `sample`:
    so many of all of them, drawn at random."""
    chosen = _sampled(sites, seed, sample)
    rounds: dict[int, list[Chunk]] = {}
    for number, (site, units) in enumerate(sorted(chosen.items())):
        order = np.random.default_rng((seed, number, 1)).permutation(units).tolist()
        start, turn = 0, 0
        while start < len(order):
            size = ROUNDS[turn] if turn < len(ROUNDS) else LATER
            end = start + size
            if len(order) - end == 1:
                end += 1  # no chunk of a single unit: it would have no other to be shuffled with
            part = tuple(order[start:end])
            rounds.setdefault(turn, []).append(Chunk(turn, site, part))
            start, turn = end, turn + 1
    return [chunk for turn in sorted(rounds) for chunk in rounds[turn]]


def with_foils(chunk: Chunk, n_units: int, *, seed: int, picked: bool) -> list[int]:
    """The units of the chunk, each followed by another of the site where its neighbours would be no
    random sample: what the next unit's explanation is worth is the shuffled baseline.

    Foils are explained and not stored. Of many picked units the neighbours are random enough.
    """
    units = list(chunk.units)
    if len(units) >= (MANY if picked else 2):
        return units
    others = np.setdiff1d(np.arange(n_units), units)
    number = zlib.crc32(chunk.site.encode())
    foils = np.random.default_rng((seed, number, 2)).permutation(others)[: len(units)].tolist()
    return [one for pair in zip_longest(units, foils) for one in pair if one is not None]


def _sampled(
    sites: Mapping[str, Sequence[int]], seed: int, sample: int | None
) -> dict[str, list[int]]:
    pairs = [(site, unit) for site in sorted(sites) for unit in sites[site]]
    if sample is None or sample >= len(pairs):
        return {site: list(units) for site, units in sites.items()}
    drawn = np.random.default_rng((seed, 0)).choice(len(pairs), sample, replace=False)
    chosen: dict[str, list[int]] = {}
    for at in sorted(drawn.tolist()):
        chosen.setdefault(pairs[at][0], []).append(pairs[at][1])
    return chosen
