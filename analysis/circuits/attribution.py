"""What each node is estimated to do to a task's metric, all nodes at once.

*AtP*: (a_counterfactual − a_clean) · ∂metric/∂a on the clean prompt (Nanda 2022; Syed et al. 2023).
*Both ends*: with the mean of that gradient and the one on the counterfactual, which is the
trapezoid of the path between them: where an activation saturates at one end, the other still tells.
*IG*: with the mean of that gradient at five runs between the counterfactual's embeddings and the
clean ones (Sundararajan et al. 2017; over inputs, as Hanna et al. 2024 do for edges).
*RelP*: with a gradient on the clean prompt that takes every part of the network for linear, with
the coefficients that it has there (Rezaei Jafari et al. 2025; rules: `analysis.models.relevance`).
*AtP star*: AtP once for every layer, while that passes no gradient on; of these the mean size, over
the layers but a node's own (GradDrop of Kramár et al. 2024). Where a node's effects through two
layers cancel to first order, dropping either shows the other. Their other correction, a softmax
computed anew, is of nodes that are queries and keys, and ours are neurons and heads' outputs: what
one of these does to a later pattern would be a softmax per node and head, so it is left as AtP has
it, and attention that is sharp on the clean prompt still hides what it reads by.
*Difference*: how much the activation changes at all, whatever that does; *activation*: how large it
is on the clean prompt, behind its first position: the baselines that every method has to beat.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.pairs import Sides, by_unit
from analysis.models.relevance import Backward
from analysis.models.site_hooks import Values
from analysis.models.tracing import Check, Trace

Method = Literal["atp", "both_ends", "ig", "relp", "atp_star", "difference", "activation"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)

STEPS: Final = 5
"""Runs of integrated gradients: at the middle of each fifth of the way."""

Scores = Mapping[str, Float[Tensor, "pair pos unit"]]
"""By site: by how much the metric would rise if the unit had its counterfactual value there."""


def attribute(
    sides: Sides, method: Method, sites: Sequence[str], *, check: Check | None = None
) -> Scores:
    """One backward pass per gradient, and half of one per layer more for `atp_star`; none for
    `difference` and `activation`. Scores of these three have no sign. ModelError: no rules of RelP
    for this network.
    """
    if method == "difference":
        return {site: _moved(sides, site).norm(dim=-1) for site in sites}
    if method == "activation":
        return {site: _sizes(sides, site) for site in sites}
    if method == "atp_star":
        return _dropping_layers(sides, sites, check)
    backward: Backward = "relp" if method == "relp" else "exact"
    gradients = [
        sides.model.differentiate(
            trace, lambda last: sides.values(last).sum(), sites, backward=backward, check=check
        )
        for trace in _differentiated_at(sides, method)
    ]
    return {site: _products(sides, site, _mean(gradients, site)) for site in sites}


def _dropping_layers(sides: Sides, sites: Sequence[str], check: Check | None) -> Scores:
    n_layers = sides.model.facts.n_layers
    if n_layers == 1:  # nothing is left of what the only layer passes on
        return {site: each.abs() for site, each in attribute(sides, "atp", sites).items()}
    total: dict[str, Tensor] = {}
    for gradients in sides.model.differentiate_dropping(
        sides.clean, lambda last: sides.values(last).sum(), sites, check=check
    ):
        for site, gradient in gradients.items():
            size = _products(sides, site, gradient).abs()
            total[site] = total[site] + size if site in total else size
    return {site: sizes / (n_layers - 1) for site, sizes in total.items()}


def _products(
    sides: Sides, site: str, gradient: Float[Tensor, "pair pos value"]
) -> Float[Tensor, "pair pos unit"]:
    products = _moved(sides, site) * by_unit(sides.model, site, gradient)
    return products.sum(-1)


def _differentiated_at(sides: Sides, method: Method) -> Iterator[Trace]:
    """Pairs do not meet, so the gradient of the sum over them has each one's own.

    A run goes on from the first layer that is asked for, so an interpolated one has to be of all.
    """
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


def _sizes(sides: Sides, site: str) -> Float[Tensor, "pair pos unit"]:
    """0 at the first position, whose activations are like no other's and would be all that
    counts."""
    sizes: Tensor = sides.units(sides.clean, site).norm(dim=-1)
    if sides.n_pos > 1:
        sizes[:, 0] = 0.0
    return sizes


def _moved(sides: Sides, site: str) -> Float[Tensor, "pair pos unit width"]:
    return sides.units(sides.counterfactual, site) - sides.units(sides.clean, site)
