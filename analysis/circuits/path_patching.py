"""Links held against what they estimate: path patching (Wang et al. 2023; Goldowsky-Dill et al.
2023).

What a link carries is found exactly by two runs. In the first the source writes what it writes on
the other prompt, and everything between it and the target is as it was, so that the target is
reached by the direct path alone; in the second the target alone has its value of the first, and
all behind it runs on. By how much the metric falls is what the weight of the link estimates, on the
same pairs and as the mean of the same ends.

The first run is part of every estimate (`hearing.py`), the second is what a gradient stands for
there: it is the weighing that is held to account. Behind the logits there is nothing to run, so
that a link to them is path patching already: it is not in the sample, which it would flatter. Wang
et al. hold heads only, and let MLPs between run on; here neurons are nodes, and are held too.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

import torch
from torch import Tensor

from analysis.circuits.agreeing import Sample, correlation, sample_of
from analysis.circuits.edges import LOGITS, Edge, ends_of
from analysis.circuits.hearing import End, Voice
from analysis.circuits.pairs import Sides
from analysis.circuits.patching import patch_with
from analysis.circuits.units import Units
from analysis.models.tracing import Check
from analysis.protocol.circuits import LinkAgreement

N_LINKS: Final = 24
"""Of the heaviest, and as many at random."""
ROUNDING: Final = 1e-5
"""Of the largest exact one: what varies by less does not vary, for the order of rounding is
luck."""

NOTABLE: Final = 0.02
"""Of the gap: of what does less, no share is told."""

Path = tuple[int, int]
"""Source and target."""


def sample_links(edges: Sequence[Edge], *, n: int = N_LINKS, seed: int) -> Sample:
    """Places in `edges` of links into units: of the heaviest, and of as many at random."""
    estimated = [place for place, edge in enumerate(edges) if edge.target != LOGITS]
    weights = torch.tensor([edge.weight for edge in edges], dtype=torch.float64)
    return sample_of(weights, torch.tensor(estimated, dtype=torch.int64), n=n, seed=seed)


def patch_paths(
    sides: Sequence[Sides],
    units: Units,
    paths: Collection[Path],
    *,
    both: bool = True,
    check: Check | None = None,
) -> dict[Path, float]:
    """By how much the metric falls without each direct path into a unit; mean over pairs."""
    by_layer: dict[int, list[Path]] = defaultdict(list)
    for source, target in sorted(paths):
        by_layer[units.layer(target)].append((source, target))
    found = dict.fromkeys(paths, 0.0)
    n_pairs = sum(one.n_pairs for one in sides)
    for one, sign in ends_of(sides, both=both):
        for some in by_layer.values():
            for path, rise in _rises(one, units, some, check).items():
                found[path] += sign * rise / (n_pairs * (1 + both))
    return found


def link_agreement(
    edges: Sequence[Edge], exact: Mapping[int, float], drawn: Sample
) -> LinkAgreement:
    """`exact` by place in `edges`, of all that were drawn."""
    every = sorted({*drawn.top, *drawn.random})
    weights = torch.tensor([edge.weight for edge in edges], dtype=torch.float64)
    least = ROUNDING * max((abs(exact[place]) for place in every), default=0.0)

    def r(places: Sequence[int]) -> float | None:
        spread = [exact[place] for place in places] or [0.0]
        return correlation(weights, exact, places) if max(spread) - min(spread) > least else None

    off = sum((edges[place].weight - exact[place]) ** 2 for place in every)
    whole = sum(exact[place] ** 2 for place in every)
    return LinkAgreement(
        r=r(every),
        r_top=r(drawn.top),
        r_random=r(drawn.random),
        n_top=len(drawn.top),
        n_random=len(drawn.random),
        seed=drawn.seed,
        off=(off / whole) ** 0.5 if whole else None,
        n_asked=sum(edge.target != LOGITS for edge in edges),
    )


def hold_links(
    sides: Sequence[Sides],
    units: Units,
    edges: Sequence[Edge],
    *,
    seed: int,
    both: bool = True,
    check: Check | None = None,
) -> tuple[list[Edge], LinkAgreement]:
    """The same links, a sample of them with what path patching says; and how far they agree."""
    drawn = sample_links(edges, seed=seed)
    paths = {place: _path(edges[place]) for place in (*drawn.top, *drawn.random)}
    patched = patch_paths(sides, units, set(paths.values()), both=both, check=check)
    exact = {place: patched[path] for place, path in paths.items()}
    held = [replace(edge, exact=exact.get(place)) for place, edge in enumerate(edges)]
    return held, link_agreement(edges, exact, drawn)


def with_accounted(
    agreed: LinkAgreement, drawn: Sequence[Edge], effects: Mapping[int, float], gap: float
) -> LinkAgreement:
    """Of each unit the sum of its links that are drawn, over what it does: the rest goes through
    units that are not kept, along links that are not drawn, or is more than a sum. `effects` as of
    `find_edges`; units that do less than `NOTABLE` of the gap are left out."""
    sums = dict.fromkeys(effects, 0.0)
    for edge in drawn:
        if edge.source in sums:
            sums[edge.source] += edge.weight
    least = NOTABLE * abs(gap)
    shares = [sums[one] / effect for one, effect in effects.items() if abs(effect) >= least > 0]
    told = {"accounted": median(shares) if shares else None, "n_accounted": len(shares)}
    return agreed.model_copy(update=told)


def _rises(
    sides: Sides, units: Units, paths: Sequence[Path], check: Check | None
) -> dict[Path, float]:
    """Of paths into one layer, at one end; summed over pairs."""
    voices = [Voice(source) for source in sorted({source for source, _ in paths})]
    targets = sorted({target for _, target in paths})
    asked = set(paths)
    by_site: dict[str, list[tuple[Path, Tensor]]] = defaultdict(list)
    for voice, target, values in End(sides, units, targets, voices, check).computed():
        path = (voice.source, target)
        if path in asked:
            # a copy: what is computed is a piece of what all of the site's units computed
            by_site[units.ref(target).site].append((path, values.clone()))
    found: dict[Path, float] = {}
    for site, each in by_site.items():
        indices = [units.ref(target).index for (_, target), _ in each]
        given = [values for _, values in each]
        effects = patch_with(sides, site, indices, given, check=check).sum(1).tolist()
        found.update(zip((path for path, _ in each), effects, strict=True))
    return found


def _path(edge: Edge) -> Path:
    return edge.source, edge.target
