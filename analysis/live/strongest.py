"""Which units fire most on a text: over the whole of it, or at every token.

Activations are ranked as they are, or each relative to its unit's own distribution, (a - centre) /
width. A unit without a width (it never varied where its distribution was taken) is left out then.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from analysis.errors import ModelError
from analysis.interventions.surroundings import Surroundings, ran_on
from analysis.live.recording import record
from analysis.live.sites import sites_of
from analysis.models.prompts import described, tokens_of
from analysis.models.subject import SubjectModel
from analysis.protocol.activations import StrongestAnswer, StrongestRequest, StrongUnit
from analysis.records import Site

MOST_TOLD = 20_000
"""Units in one answer by token: more than anybody reads, and megabytes on the way."""

Sign = Literal["positive", "negative", "both"]


@dataclass(frozen=True)
class _Best:
    """Per row (the text, or a token) the best units of some sites, strongest first."""

    scores: Float[Tensor, "row best"]
    sites: Int[Tensor, "row best"]
    """Index of the site among those looked at."""
    units: Int[Tensor, "row best"]
    positions: Int[Tensor, "row best"]
    values: Float[Tensor, "row best"]
    curves: Float[Tensor, "best pos"] | None
    """By text: at every token."""


def strongest(
    model: SubjectModel, request: StrongestRequest, around: Surroundings
) -> StrongestAnswer:
    """By text: the units with the highest score anywhere, each once. By token: those at each."""
    sites = sites_of(model, request.sites)
    tokens = tokens_of(model, request.prompt)
    first = 1 if request.skip_first else 0
    if len(tokens) <= first:
        raise ModelError(
            "the prompt is one token, and the first is left out",
            hint="Give a longer text, or set skip_first to false.",
        )
    counted = _counted(len(tokens), first, request.positions)
    if request.by == "token" and request.n * (len(tokens) - first) > MOST_TOLD:
        raise ModelError(
            f"{request.n} units at each of {len(tokens) - first:,} tokens are more than "
            f"{MOST_TOLD:,}, the most in one answer",
            hint="Ask for fewer units, or give a shorter text.",
        )
    scales = None if request.scales is None else _scales(model, around.array(request.scales))
    best: _Best | None = None

    def take(site: Site, values: Float[Tensor, "pos unit"]) -> None:
        nonlocal best
        scores = scored(values, None if scales is None else scales[site.name], request.sign)
        scores[~counted.to(scores.device)] = -torch.inf
        of_site = _best(sites.index(site), values, scores, n=request.n, by=request.by)
        best = of_site if best is None else _merged(best, of_site, request.n)

    record(model, tokens, {site.name for site in sites}, take=take, check=around.check)
    return StrongestAnswer(
        tokens=described(model.token_texts(), tokens),
        units=() if best is None else tuple(_told(best, sites)),
        ran=ran_on(model, around),
    )


def _counted(n_pos: int, first: int, positions: tuple[int, ...] | None) -> Bool[Tensor, " pos"]:
    counted = torch.arange(n_pos) >= first
    if positions is None:
        return counted
    if max(positions) >= n_pos:
        raise ModelError(
            f"there is no position {max(positions)}: the prompt has {n_pos} tokens",
            hint=f"Positions run from 0 to {n_pos - 1}.",
        )
    chosen = torch.zeros(n_pos, dtype=torch.bool)
    chosen[list(positions)] = True
    return counted & chosen


def scored(
    values: Float[Tensor, "pos unit"], scale: Float[Tensor, "unit two"] | None, sign: Sign
) -> Float[Tensor, "pos unit"]:
    """What activations are ranked by: more is stronger; -inf where the unit has no width."""
    relative = values.clone()
    known = None
    if scale is not None:
        centre, width = scale.unbind(-1)
        known = torch.isfinite(centre) & torch.isfinite(width) & (width > 0)
        relative = (values - centre) / width
    signed = {"positive": relative, "negative": -relative, "both": relative.abs()}[sign]
    return signed if known is None else torch.where(known, signed, -torch.inf)


def _best(
    site: int,
    values: Float[Tensor, "pos unit"],
    scores: Float[Tensor, "pos unit"],
    *,
    n: int,
    by: Literal["text", "token"],
) -> _Best:
    if by == "text":
        rows, where = (found[None] for found in scores.max(0))
    else:
        rows = scores
        where = torch.arange(len(scores), device=scores.device)[:, None].expand_as(scores)
    chosen = rows.topk(min(n, rows.shape[-1]), dim=-1)
    units = chosen.indices
    positions = where.gather(-1, units)
    return _Best(
        scores=chosen.values.cpu(),
        sites=torch.full(units.shape, site),
        units=units.cpu(),
        positions=positions.cpu(),
        values=values[positions, units].cpu(),
        curves=values[:, units[0]].T.cpu() if by == "text" else None,
    )


def _merged(one: _Best, other: _Best, n: int) -> _Best:
    """The best n of both in each row; of equal ones those of the first."""
    scores = torch.cat([one.scores, other.scores], dim=-1)
    order = scores.argsort(dim=-1, descending=True, stable=True)[:, :n]

    def chosen(mine: Tensor, theirs: Tensor) -> Tensor:
        return torch.cat([mine, theirs], dim=-1).gather(-1, order)

    curves = None
    if one.curves is not None and other.curves is not None:
        curves = torch.cat([one.curves, other.curves])[order[0]]
    return _Best(
        scores=scores.gather(-1, order),
        sites=chosen(one.sites, other.sites),
        units=chosen(one.units, other.units),
        positions=chosen(one.positions, other.positions),
        values=chosen(one.values, other.values),
        curves=curves,
    )


def _told(best: _Best, sites: list[Site]) -> Iterator[StrongUnit]:
    """Row by row, what has a score."""
    curves = None if best.curves is None else best.curves.tolist()
    columns = (best.scores, best.sites, best.units, best.positions, best.values)
    for row in zip(*(column.tolist() for column in columns), strict=True):
        for place, (score, site, unit, position, value) in enumerate(zip(*row, strict=True)):
            if score > -math.inf:
                yield StrongUnit(
                    site=sites[site].name,
                    index=unit,
                    position=position,
                    value=value,
                    score=score,
                    values=None if curves is None else tuple(curves[place]),
                )


def _scales(model: SubjectModel, array: np.ndarray) -> dict[str, Tensor]:
    """Centre and width of every unit, by site."""
    scales = torch.tensor(array, device=model.device)
    n_units = sum(site.n_units for site in model.sites)
    if tuple(scales.shape) != (n_units, 2):
        raise ModelError(
            f"the scales have the shape {tuple(scales.shape)}; this model needs ({n_units}, 2)",
            hint="Send centre and width of every unit, site after site in the model's order.",
        )
    parts = torch.split(scales, [site.n_units for site in model.sites])
    return {site.name: part for site, part in zip(model.sites, parts, strict=True)}
