"""One experiment: the clean run, the edited run, and the same edits of random other units.

All edited runs are rows of one batch that begins at the first layer that any of them touches.
"""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from analysis.errors import EditError
from analysis.interventions.checking import check_edits
from analysis.interventions.clean import CleanRun
from analysis.interventions.controls import draw_control
from analysis.interventions.downstream import Downstream
from analysis.interventions.effects import position_effects
from analysis.interventions.gathering import gather
from analysis.interventions.lens import lens_rows
from analysis.interventions.reference import ReferenceValues
from analysis.interventions.resolving import (
    Given,
    Resolved,
    Resolver,
    read_means,
    resolve_all,
)
from analysis.interventions.surroundings import Surroundings, ran_on
from analysis.models.prompts import described, tokens_of
from analysis.models.subject import predicts_next
from analysis.models.tracing import EditableModel, Resumed
from analysis.protocol.edits import Edit
from analysis.protocol.experiments import (
    ExperimentAnswer,
    ExperimentRequest,
    PositionEffect,
    ResolvedEdit,
    Wanted,
)


def run_experiment(
    model: EditableModel, request: ExperimentRequest, around: Surroundings
) -> ExperimentAnswer:
    """What the edits change, beside controls. ModelError, EditError: what does not fit."""
    tokens = tokens_of(model, request.prompt)
    check_edits(model, request.edits, len(tokens))
    _check_wanted(model, request.wanted, len(tokens))
    _check_size(request, len(tokens))
    clean, reused = around.traces.run(model, tokens, around.check)
    texts = model.output_texts()
    resolver = make_resolver(model, clean, request.edits, request, around)
    rows, names = _rows(model, request, resolver)
    n_controls = max(len(rows) - 1, 0)
    downstream = Downstream(model, clean, resolver.means, request.wanted.downstream)
    resumed = _run(model, clean, rows, downstream if request.wanted.downstream else None, around)
    effects = _effects(model, clean, resumed, texts, request.wanted)
    lens = lens_rows(model, clean, resumed, texts, request.wanted)
    edited = request.edits and effects
    loss = [effect for effect in effects if effect.loss_before is not None]
    return ExperimentAnswer.model_construct(
        tokens=described(model.token_texts(), tokens),
        edits=tuple(_told(model, clean, one) for one in (rows[0] if rows else ())),
        control_units=names,
        positions=tuple(effects),
        kl_mean=_mean([effect.kl for effect in effects]) if edited else 0.0,
        kl_mean_controls=tuple(
            _mean([effect.kl_controls[number] for effect in effects])
            for number in range(n_controls)
        ),
        loss_before=_mean([effect.loss_before or 0.0 for effect in loss]) if loss else None,
        loss_after=_mean([effect.loss_after or 0.0 for effect in loss]) if loss else None,
        loss_controls=tuple(
            _mean([effect.loss_controls[number] for effect in loss]) for number in range(n_controls)
        )
        if loss
        else (),
        moved=downstream.units(),
        layers=downstream.layers,
        lens=lens,
        ran=ran_on(model, around, clean_reused=reused),
    )


def make_resolver(
    model: EditableModel,
    clean: CleanRun,
    edits: Sequence[Edit],
    request: Given,
    around: Surroundings,
) -> Resolver:
    """What the edits of one request are resolved with."""
    digest = request.statistics
    table = None if digest is None else torch.tensor(around.array(digest))
    sites = [edit.site for edit in edits if edit.index is not None]
    return Resolver(
        model,
        clean,
        lambda tokens: around.traces.run(model, tokens, around.check)[0],
        ReferenceValues(model, request.reference, sites, around.traces, around.check),
        read_means(model, table),
        around.check,
    )


def _rows(
    model: EditableModel, request: ExperimentRequest, resolver: Resolver
) -> tuple[list[list[Resolved]], tuple[tuple[str, ...], ...]]:
    """The edited row and the controls', and the names of what stood in for each edit's unit."""
    if not request.edits:
        return [], ()
    rows = [resolve_all(resolver, request.edits, chained=request.chained, seed=request.seed)]
    names = []
    for number in range(request.controls):
        control = draw_control(model, request.edits, seed=request.seed, number=number)
        if control is None:
            break
        resolved = resolve_all(resolver, control, chained=request.chained, seed=request.seed)
        rows.append([as_long(one, like) for one, like in zip(resolved, rows[0], strict=True)])
        names.append(tuple(_name(edit) for edit in control))
    return rows, tuple(names)


def as_long(one: Resolved, like: Resolved) -> Resolved:
    """A random direction of the length of the one that it stands for."""
    if one.edit.kind != "resid":
        return one
    lengths = like.give.norm(dim=-1, keepdim=True)
    own = one.give.norm(dim=-1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    return Resolved(one.edit, one.positions, one.before, one.keep, one.give / own * lengths)


def _name(edit: Edit) -> str:
    if edit.index is not None:
        return edit.name
    unit = None if edit.direction is None else edit.direction.unit
    return "a random direction" if unit is None else f"the direction of {unit.site}/{unit.index}"


def _run(
    model: EditableModel,
    clean: CleanRun,
    rows: Sequence[Sequence[Resolved]],
    downstream: Downstream | None,
    around: Surroundings,
) -> Resumed | None:
    """All rows in one batch; None where nothing is changed."""
    changes = gather(rows, model.device)
    if not changes:
        return None
    later = _later_sites(model, changes)
    return model.resume(
        clean.trace,
        changes,
        rows=torch.zeros(len(rows), dtype=torch.long, device=model.device),
        record=downstream,
        sites=later if downstream is not None else (),
        keep_streams=True,
        check=around.check,
    )


def _later_sites(model: EditableModel, changed: Collection[str]) -> list[str]:
    """Those that the changes can reach: of later layers, and the neurons behind a changed head."""
    first = min(int(site.partition(".")[2]) for site in changed)
    beside = f"mlp.{first}" if f"attn.{first}" in changed and f"mlp.{first}" not in changed else ""
    return [site.name for site in model.sites if site.layer > first or site.name == beside]


def _effects(
    model: EditableModel,
    clean: CleanRun,
    resumed: Resumed | None,
    texts: Sequence[str],
    wanted: Wanted,
) -> list[PositionEffect]:
    """Of the clean run against itself where nothing is changed."""
    runs = (
        iter([clean.logits])
        if resumed is None
        else (model.logits(row[None])[0] for row in resumed.last)
    )
    # where other things are predicted than tokens, or not the next one, there is no loss
    return position_effects(clean, runs, texts, wanted, has_loss=predicts_next(model))


def _told(model: EditableModel, clean: CleanRun, one: Resolved) -> ResolvedEdit:
    edit = one.edit
    give = one.give.tolist()
    same = len(give) > 1 and bool((one.give == one.give[0]).all())
    return ResolvedEdit.model_construct(
        site=edit.site,
        index=edit.index,
        positions=tuple(one.positions.tolist()),
        before=tuple(_activations(model, clean, one).tolist()),
        keep=tuple(one.keep.tolist()),
        give=tuple(tuple(row) for row in (give[:1] if same else give)),
        length=None if one.length is None else tuple(one.length.tolist()),
    )


def _activations(model: EditableModel, clean: CleanRun, one: Resolved) -> Tensor:
    """Of the unit in the clean run; of the stream, its length."""
    if one.edit.kind == "mlp":
        return one.before[:, 0]
    if one.edit.kind == "attn":
        norms = model.head_values(one.edit.site, clean.trace.values[one.edit.site])
        found: Tensor = norms[0, one.positions.to(norms.device), one.edit.index or 0]
        return found
    stream = clean.trace.streams[one.edit.layer + 1][0]
    lengths: Tensor = stream[one.positions.to(stream.device)].float().norm(dim=-1)
    return lengths


MOST_TOLD = 400_000
"""Probabilities in one answer: more is megabytes that nobody reads."""


def _check_size(request: ExperimentRequest, n_pos: int) -> None:
    per_position = request.wanted.top + len(request.wanted.targets)
    n_told = n_pos * per_position * (2 + request.controls)
    if n_told > MOST_TOLD:
        raise EditError(
            f"the answer would have {n_told:,} probabilities, more than {MOST_TOLD:,}",
            hint="Ask for fewer top tokens, targets or controls, or give a shorter prompt.",
        )


def _check_wanted(model: EditableModel, wanted: Wanted, n_pos: int) -> None:
    n_vocab = len(model.output_texts())
    for token in wanted.targets:
        if token >= n_vocab:
            raise EditError(
                f"there is no token {token}: ids run from 0 to {n_vocab - 1}",
                hint="Name tokens by the ids that the prompt's answer gives.",
            )
    if wanted.lens_position is not None and wanted.lens_position >= n_pos:
        raise EditError(
            f"there is no position {wanted.lens_position}: the prompt has {n_pos} tokens",
            hint=f"Positions run from 0 to {n_pos - 1}.",
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
