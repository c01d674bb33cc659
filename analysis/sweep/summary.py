"""How each statistic is distributed over the units of a site: the rows of the map of the network.

All sites of one kind share their bins, so that rows compare. Shares are binned evenly from 0 to 1;
other statistics evenly on a sinh⁻¹ scale between their 0.1th and 99.9th percentile over all sites,
because they span decades and have both signs. Values beyond fall in the outer bins.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt32
from numpy import ndarray

from analysis.sweep.results import STATISTICS, Statistics

N_BINS = 48
SHARES = ("density", "above")


@dataclass(frozen=True)
class Summary:
    """Of one statistic over the units of one site."""

    statistic: str
    n_units: int
    """Units for which it is defined."""
    n_undefined: int
    n_dead: int
    """Units that never say anything, by the rule that `summarise` is given."""
    n_flagged: int
    """Units with activations that were not finite."""
    edges: Float32[ndarray, " edge"]
    counts: UInt32[ndarray, " bin"]
    quantiles: Float32[ndarray, "101"]


def shared_edges(statistic: str, sites: list[Statistics]) -> Float32[ndarray, " edge"]:
    """The bins of a statistic for these sites."""
    if statistic in SHARES:
        return np.linspace(0, 1, N_BINS + 1, dtype=np.float32)
    values = np.concatenate([getattr(site, statistic) for site in sites])
    values = values[np.isfinite(values)]
    if not len(values):
        return np.linspace(0, 1, N_BINS + 1, dtype=np.float32)
    low, high = np.percentile(values, [0.1, 99.9])
    scale = np.median(np.abs(values)) or 1.0
    if low == high:
        low, high = low - 0.5, high + 0.5
    inner = np.sinh(np.linspace(np.arcsinh(low / scale), np.arcsinh(high / scale), N_BINS + 1))
    return (inner * scale).astype(np.float32)


def summarise(
    site: Statistics, edges: Mapping[str, Float32[ndarray, " edge"]], *, rectified: bool
) -> list[Summary]:
    """One summary per statistic.

    Where activations are `rectified`, 0 is silence, and a unit is dead that never rises above it;
    elsewhere one whose activation never changes.
    """
    is_dead = site.maximum <= 0 if rectified else site.minimum == site.maximum
    dead = int(np.sum(is_dead))
    flagged = int(np.sum(site.n_nonfinite > 0))
    return [_of(name, getattr(site, name), edges[name], dead, flagged) for name in STATISTICS]


def _of(
    name: str,
    values: Float[ndarray, " unit"],
    edges: Float32[ndarray, " edge"],
    dead: int,
    flagged: int,
) -> Summary:
    defined = values[np.isfinite(values)]
    held = np.clip(defined, edges[0], edges[-1])
    counts = np.histogram(held, edges.astype(np.float64))[0]
    quantiles = np.percentile(defined, np.arange(101)) if len(defined) else np.full(101, np.nan)
    return Summary(
        statistic=name,
        n_units=len(defined),
        n_undefined=len(values) - len(defined),
        n_dead=dead,
        n_flagged=flagged,
        edges=edges,
        counts=counts.astype(np.uint32),
        quantiles=quantiles.astype(np.float32),
    )
