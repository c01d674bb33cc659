"""Every unit of a site (or of the model) edited one by one on one prompt, ranked by effect.

Beside the true effect stands AtP (attribution patching: Nanda 2023, Kramár et al. 2024): the
change that the gradient of the clean run predicts, (edited - clean value) · ∂metric/∂value, summed
over positions. Edited runs are rows of batches that begin at the site's layer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.errors import EditError
from analysis.interventions.checking import check_edits, positions_in
from analysis.interventions.clean import CleanRun
from analysis.interventions.effects import divergences
from analysis.interventions.experiment import make_resolver
from analysis.interventions.metric import Metric, metric_of
from analysis.interventions.resolving import Resolver
from analysis.interventions.surroundings import Surroundings, ran_on
from analysis.models.changes import Change
from analysis.models.prompts import described, tokens_of
from analysis.models.tracing import EditableModel
from analysis.protocol.edits import Edit
from analysis.protocol.sweeps import (
    EditSweepAnswer,
    EditSweepProgress,
    EditSweepRequest,
    EditSweepRow,
)
from analysis.records import Site

ROW_TOKENS = 512
"""Tokens in a batch of edited runs: large enough that weights are read once for many units."""


@dataclass(frozen=True)
class _Planned:
    """What one site's units are given, and which of them are run."""

    site: Site
    give: Float[Tensor, "unit value width"]
    estimate: Float[Tensor, " unit"]
    run: Int[Tensor, " case"]
    drawn: frozenset[int]


def sweep_edits(
    model: EditableModel, request: EditSweepRequest, around: Surroundings
) -> Iterator[EditSweepProgress | EditSweepAnswer]:
    """Progress after every batch, then the answer. ModelError, EditError: what does not fit."""
    tokens = tokens_of(model, request.prompt)
    sites = _sites(model, request)
    edits = [_edit(site, request) for site in sites]
    check_edits(model, edits, len(tokens))
    clean, reused = around.traces.run(model, tokens, around.check)
    metric = metric_of(model, clean, request.measured)
    resolver = make_resolver(model, clean, edits, request, around)
    places = torch.tensor(positions_in(request.positions, clean.n_pos), dtype=torch.long)
    slopes = model.differentiate(
        clean.trace, metric.of_last, [site.name for site in sites], check=around.check
    )
    plans = [
        _plan(model, clean, site, slopes[site.name], places, resolver, request) for site in sites
    ]
    del slopes
    done, total = 0, sum(len(plan.run) for plan in plans)
    effects: list[dict[int, tuple[float, float]]] = [{} for _ in plans]
    per_batch = max(1, ROW_TOKENS // clean.n_pos)
    for plan, found in zip(plans, effects, strict=True):
        for start in range(0, len(plan.run), per_batch):
            units = plan.run[start : start + per_batch]
            found.update(_run_batch(model, clean, plan, units, places, metric, around))
            done += len(units)
            yield EditSweepProgress(done=done, total=total)
    rows = [row for plan, found in zip(plans, effects, strict=True) for row in _told(plan, found)]
    ran = [row for row in rows if row.effect is not None]
    yield EditSweepAnswer.model_construct(
        tokens=described(model.token_texts(), tokens),
        measured=metric.measured,
        clean=metric.clean,
        rows=tuple(sorted(rows, key=_size, reverse=True)),
        r=_agreement(ran),
        r_drawn=_agreement([row for row in ran if row.drawn]),
        ran=ran_on(model, around, clean_reused=reused),
    )


def _sites(model: EditableModel, request: EditSweepRequest) -> list[Site]:
    known = {site.name: site for site in model.sites}
    names = list(known) if request.sites is None else list(dict.fromkeys(request.sites))
    missing = [name for name in names if name not in known]
    if missing:
        first, *_, last = known
        raise EditError(
            f"the model has no site {missing[0]}", hint=f"Its sites run from {first} to {last}."
        )
    if request.operation == "set" and any(name.startswith("attn.") for name in names):
        raise EditError(
            "a sweep sets neurons only: a head's value is a vector",
            hint="Take zero or mean for heads, or name mlp sites.",
        )
    return [known[name] for name in names]


def _edit(site: Site, request: EditSweepRequest) -> Edit:
    """Of the site's first unit; the others' are like it."""
    return Edit(
        site=site.name,
        index=0,
        operation=request.operation,
        value=request.value,
        positions=request.positions,
    )


def _plan(
    model: EditableModel,
    clean: CleanRun,
    site: Site,
    slopes: Float[Tensor, "batch pos values"],
    places: Int[Tensor, " value"],
    resolver: Resolver,
    request: EditSweepRequest,
) -> _Planned:
    width = 1 if site.kind == "mlp" else model.facts.d_head
    before = clean.trace.values[site.name][0, places].float()
    give = _given(site, before, resolver, request)
    change = (give - before) * slopes[0, places].float()
    estimate = change.sum(0).reshape(site.n_units, width).sum(-1)
    run, drawn = _chosen(estimate, site, request)
    by_unit = give.reshape(len(give), site.n_units, width).transpose(0, 1)
    return _Planned(site, by_unit, estimate.cpu(), run, drawn)


def _given(
    site: Site, before: Float[Tensor, "value values"], resolver: Resolver, request: EditSweepRequest
) -> Float[Tensor, "value values"]:
    """What every unit of the site is given in place of its own value."""
    if request.operation == "zero":
        return torch.zeros_like(before)
    if request.operation == "set":
        return torch.full_like(before, request.value or 0.0)
    if site.kind == "mlp" and resolver.means is not None:
        start = resolver.means.starts[site.name]
        means = resolver.means.table[start : start + site.n_units, 0]
    else:
        means = resolver.reference.mean(site.name)
    return means.to(before).expand_as(before)


def _chosen(
    estimate: Float[Tensor, " unit"], site: Site, request: EditSweepRequest
) -> tuple[Int[Tensor, " case"], frozenset[int]]:
    """The units that are run, and which of them chance chose."""
    generator = torch.Generator().manual_seed(request.seed * 1_000_003 % 2**63 + site.layer)
    order = torch.randperm(site.n_units, generator=generator)
    if request.exact is None or 2 * request.exact >= site.n_units:
        return torch.arange(site.n_units), frozenset(range(site.n_units))
    top = estimate.abs().cpu().topk(request.exact).indices
    drawn = order[: request.exact]
    return torch.unique(torch.cat([top, drawn])), frozenset(drawn.tolist())


def _run_batch(
    model: EditableModel,
    clean: CleanRun,
    plan: _Planned,
    units: Int[Tensor, " row"],
    places: Int[Tensor, " value"],
    metric: Metric,
    around: Surroundings,
) -> dict[int, tuple[float, float]]:
    """Per unit, the change of the metric, and the mean KL where it looks."""
    n, n_places, device = len(units), len(places), model.device
    change = Change(
        rows=torch.arange(n, device=device).repeat_interleave(n_places),
        positions=places.to(device).repeat(n),
        units=units.to(device).repeat_interleave(n_places),
        keep=torch.zeros(n * n_places, device=device),
        give=plan.give[units].flatten(0, 1).to(device),
    )
    resumed = model.resume(
        clean.trace,
        {plan.site.name: change},
        rows=torch.zeros(n, dtype=torch.long, device=device),
        check=around.check,
    )
    log_probs = metric.log_probs(resumed.last)
    kl = divergences(metric.clean_log_probs, log_probs).mean(-1)
    effect = metric.of_log_probs(log_probs) - metric.clean
    rows = zip(units.tolist(), effect.tolist(), kl.tolist(), strict=True)
    return {unit: (one, divergence) for unit, one, divergence in rows}


def _told(plan: _Planned, found: dict[int, tuple[float, float]]) -> Iterator[EditSweepRow]:
    for unit, estimate in enumerate(plan.estimate.tolist()):
        effect, kl = found.get(unit, (None, None))
        yield EditSweepRow.model_construct(
            site=plan.site.name,
            index=unit,
            estimate=estimate,
            effect=effect,
            kl=kl,
            drawn=unit in plan.drawn,
        )


def _size(row: EditSweepRow) -> tuple[bool, float]:
    return row.effect is not None, abs(row.estimate if row.effect is None else row.effect)


def _agreement(rows: Sequence[EditSweepRow]) -> float | None:
    """Pearson r of estimate and effect; None where one of them does not vary."""
    if len(rows) < 3:
        return None
    pairs = torch.tensor([(row.estimate, row.effect) for row in rows], dtype=torch.float64)
    centred = pairs - pairs.mean(0)
    lengths = centred.norm(dim=0)
    if not bool((lengths > 0).all()):
        return None
    return float(centred.prod(-1).sum() / lengths.prod())
