"""What each node is estimated to do to a task's metric, all nodes at once.

*AtP*: (a_counterfactual − a_clean) · ∂metric/∂a on the clean prompt (Nanda 2022; Syed et al. 2023).
*Both ends*: with the mean of that gradient and the one on the counterfactual, which is the
trapezoid of the path between them: where an activation saturates at one end, the other still tells.
*IG*: with the mean of that gradient at five runs between the counterfactual's embeddings and the
clean ones (Sundararajan et al. 2017; over inputs, as Hanna et al. 2024 do for edges).
*Difference*: how much the activation changes at all, whatever that does: the baseline of "most
active" that every method has to beat.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.pairs import Sides, by_unit
from analysis.models.site_hooks import Values
from analysis.models.tracing import Check, Trace

Method = Literal["atp", "both_ends", "ig", "difference"]
METHODS: Final[tuple[Method, ...]] = ("atp", "both_ends", "ig", "difference")

STEPS: Final = 5
"""Runs of integrated gradients: at the middle of each fifth of the way."""

Scores = Mapping[str, Float[Tensor, "pair pos unit"]]
"""By site: by how much the metric would rise if the unit had its counterfactual value there."""


def attribute(
    sides: Sides, method: Method, sites: Sequence[str], *, check: Check | None = None
) -> Scores:
    """One backward pass per gradient, none for `difference`, whose scores have no sign."""
    if method == "difference":
        return {site: _moved(sides, site).norm(dim=-1) for site in sites}
    gradients = [
        _gradient(sides, sites, trace, check) for trace in _differentiated_at(sides, method)
    ]
    return {
        site: (_moved(sides, site) * by_unit(sides.model, site, _mean(gradients, site))).sum(-1)
        for site in sites
    }


def _differentiated_at(sides: Sides, method: Method) -> Iterator[Trace]:
    if method == "ig":
        there, clean = sides.counterfactual.streams[0], sides.clean.streams[0]
        for step in range(STEPS):
            begin = there.lerp(clean, (step + 0.5) / STEPS)
            yield replace(sides.clean, streams=[begin, *sides.clean.streams[1:]])
        return
    yield sides.clean
    if method == "both_ends":
        yield sides.counterfactual


def _mean(gradients: Sequence[Values], site: str) -> Float[Tensor, "pair pos value"]:
    return torch.stack([one[site] for one in gradients]).mean(0)


def _moved(sides: Sides, site: str) -> Float[Tensor, "pair pos unit width"]:
    return sides.units(sides.counterfactual, site) - sides.units(sides.clean, site)


def _gradient(sides: Sides, sites: Sequence[str], trace: Trace, check: Check | None) -> Values:
    """Pairs do not meet, so the sum over them has each one's own gradient.

    A run goes on from the first layer that is asked for, so an interpolated one has to be of all.
    """
    return sides.model.differentiate(
        trace, lambda last: sides.values(last).sum(), sites, check=check
    )
