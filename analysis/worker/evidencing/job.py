"""The job kind `evidence`: the first units of every site in the random order in which they were
explained, chunk by chunk, then every site as a whole; or explanations that somebody names.

What a chunk is said to do is committed before it is run; its scores are stored in one transaction
and recognised when this job is taken up again, or another like it begins.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.corpora.window_file import load_windows
from analysis.errors import ModelError
from analysis.models.tracing import EditableModel
from analysis.worker.context import JobContext
from analysis.worker.evidencing.claims import (
    Claim,
    SiteClaims,
    explain_run,
    output_run,
    read_claims,
)
from analysis.worker.evidencing.named import name_claims
from analysis.worker.evidencing.summarising import summaries
from analysis.worker.evidencing.texts import Texts, read_texts
from analysis.worker.evidencing.work import Evidencing
from analysis.worker.explaining.job import stored_space
from analysis.worker.explaining.sources import Pools, first_of_groups, stored_pools
from analysis.worker.explaining.work import vocabulary_with
from analysis.worker.following import begin_following
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import command, end_run
from analysis.worker.subjects import chosen_device, load_subject, model_row, sweep_row
from analysis.worker.sweeping.preparing import windows_file
from app.errors import BadRequestError, NotFoundError
from app.store.queries.model import vocabulary_of
from app.store.requests import EvidenceRequest
from app.store.tables import ModelTable, RunTable, SiteTable, WindowSetTable
from app.store.writing_causal import write_causal_summaries

METHOD = "ablation to simulation; replacement; control by the output side"
METHOD_VERSION = "2"
ROUNDS = (4, 32)
"""Units of each site in the first rounds; the last one goes on for all that follow."""


@dataclass(frozen=True)
class Chunk:
    round: int
    site: str
    claims: tuple[Claim, ...]


def run(context: JobContext[EvidenceRequest]) -> dict[str, Any]:
    """The result names the run, and counts the units that were held to account."""
    request = context.request
    with Session(context.engine) as session:
        sweep = sweep_row(session, request.run_id)
        row = model_row(session, request.model)
        if sweep.model_id != row.id:
            raise BadRequestError(
                f"Run {sweep.id} is no sweep of {row.name}.", hint="See the model's page."
            )
        sites = session.scalars(
            select(SiteTable).where(SiteTable.model_id == row.id).order_by(SiteTable.id)
        ).all()
        explained = explain_run(session, sweep)
        outputs = output_run(session, sweep)
        claims = read_claims(session, explained, sites)
        claims, chosen = _chosen(session, request, sweep, explained, claims)
    parameters = _parameters(request, explained.id, outputs)
    device = chosen_device(context.settings.device)
    run_id = begin_following(
        context,
        sweep=sweep,
        method=METHOD,
        method_version=METHOD_VERSION,
        parameters=parameters,
        command=command_of(request),
        device=str(device),
    )
    context.progress(0, None, "units", f"loading {row.name}")
    model = _editable(
        load_subject(row, dtype=torch.float32, device=device, settings=context.settings)
    )
    texts, pools = _read(context, row, sweep, model)
    evidencing = Evidencing(context, run_id, sweep.id, outputs, parameters, model, texts, pools)
    started = time.perf_counter()
    drawn = request.explanations is None
    done = _hold_all(evidencing, claims, chosen, drawn=drawn)
    n_sites = _hold_sites(evidencing, claims) if request.whole_sites and drawn else 0
    told = {"units": done, "sites": n_sites}
    measured = {**told, "seconds": round(time.perf_counter() - started, 3)}
    context.write(lambda session: end_run(session, run_id, "finished", measured))
    return {"run_id": run_id, **told}


def chunks_of(chosen: Mapping[str, Sequence[Claim]]) -> list[Chunk]:
    """A few units of every site, then more: so that what is done is a sample of all layers."""
    found = []
    for site, claims in chosen.items():
        start, turn = 0, 0
        while start < len(claims):
            end = start + ROUNDS[min(turn, len(ROUNDS) - 1)]
            found.append(Chunk(turn, site, tuple(claims[start:end])))
            start, turn = end, turn + 1
    return sorted(found, key=lambda chunk: chunk.round)


def command_of(request: EvidenceRequest) -> str:
    """The command that runs it again."""
    options: dict[str, object] = {
        "model": request.model,
        "run-id": request.run_id,
        **({} if request.site is None else {"site": request.site}),
        "explanation": request.explanations or [],
        "units-per-site": request.units_per_site,
        "windows": request.windows,
        "control-windows": request.control_windows,
        "control-units": request.control_units,
        "positions": request.positions,
        **({} if request.tokens is None else {"tokens": request.tokens}),
        "k": request.k,
        "seed": request.seed,
    }
    words = command("evidence", options)
    words += " --lookup-cut" if request.lookup_cut else ""
    return words + ("" if request.whole_sites else " --no-whole-sites")


def _chosen(
    session: Session,
    request: EvidenceRequest,
    sweep: RunTable,
    explained: RunTable,
    claims: dict[str, SiteClaims],
) -> tuple[dict[str, SiteClaims], dict[str, tuple[Claim, ...]]]:
    """The sites that are looked at, and what is held to account of each."""
    if request.explanations is not None:
        return name_claims(session, sweep, request.explanations, claims)
    if request.site is not None:
        claims = {name: one for name, one in claims.items() if name == request.site}
    if not claims:
        raise NotFoundError(
            f"No unit of {request.site or request.model} is explained by run {explained.id}.",
            hint="Explain some first: patchclamp explain.",
        )
    return claims, {name: one.claims[: request.units_per_site] for name, one in claims.items()}


def _parameters(
    request: EvidenceRequest, explain_run_id: int, output_run_id: int | None
) -> dict[str, Any]:
    asked = request.model_dump(exclude={"kind", "model", "run_id"}, exclude_none=True)
    return {
        **asked,
        "explain_run_id": explain_run_id,
        "output_run_id": output_run_id,
        "method_version": METHOD_VERSION,
    }


def _editable(model: object) -> EditableModel:
    if not isinstance(model, EditableModel):
        raise ModelError(
            "this model's runs cannot be edited", hint="Take a supported architecture."
        )
    return model


def _read(
    context: JobContext[EvidenceRequest], row: ModelTable, sweep: RunTable, model: EditableModel
) -> tuple[Texts, Pools]:
    request = context.request
    with Session(context.engine) as session:
        names = vocabulary_of(session, model_id=row.id, tokenizer_sha256=row.tokenizer_sha256)
        pools = stored_pools(session, sweep.id, context.settings.data)
        window_set = session.get_one(WindowSetTable, sweep.window_set_id)
        groups = first_of_groups(session, window_set.corpus_id)
    space = stored_space(context, row.id, model.embedding)
    texts = read_texts(
        load_windows(windows_file(context.settings, window_set.sha256)),
        next(iter(pools.values())),
        groups,
        vocabulary_with(names, space),
        counted_from=sweep.parameters["counted_from"],
        most_windows=request.windows,
        most_places=request.positions,
        most_tokens=request.tokens,
        seed=request.seed,
    )
    return texts, pools


def _hold_all(
    evidencing: Evidencing,
    claims: Mapping[str, SiteClaims],
    chosen: Mapping[str, Sequence[Claim]],
    *,
    drawn: bool,
) -> int:
    """How many units are done. `drawn`: at random, so that shares of them say something."""
    context = evidencing.context
    chunks = chunks_of(chosen)
    total, done = sum(map(len, chosen.values())), 0
    behind: dict[str, list[Claim]] = {}
    for number, chunk in enumerate(chunks):
        context.check_cancelled()
        context.progress(done, total, "units", f"editing {chunk.site}")
        left = evidencing.unmeasured(chunk.claims)
        if left:
            tell = partial(_tell, context, done, len(chunk.claims), total, chunk.site)
            evidencing.measure(claims[chunk.site], left, tell)
        done += len(chunk.claims)
        behind.setdefault(chunk.site, []).extend(chunk.claims)
        is_last = number + 1 == len(chunks) or chunks[number + 1].round != chunk.round
        if is_last and drawn:
            _summarise(evidencing, claims, behind)
            context.event("published", {"units": done})
    context.progress(done, total, "units", "edited")
    return done


def _tell(
    context: JobContext[Any], before: int, n: int, total: int, site: str, share: float
) -> None:
    context.progress(before + share * n, total, "units", f"editing {site}")


def _summarise(
    evidencing: Evidencing, claims: Mapping[str, SiteClaims], done: Mapping[str, Sequence[Claim]]
) -> None:
    def write(session: Session) -> None:
        rows = [
            row
            for site, some in done.items()
            if not claims[site].of_heads
            for row in summaries(session, site_id=claims[site].site_id, claims=some)
        ]
        write_causal_summaries(session.connection(), run_id=evidencing.run_id, rows=rows)

    evidencing.context.write(write)


def _hold_sites(evidencing: Evidencing, claims: Mapping[str, SiteClaims]) -> int:
    context = evidencing.context
    for done, (name, site) in enumerate(claims.items()):
        context.check_cancelled()
        context.progress(done, len(claims), "sites", f"replacing all of {name} at once")
        evidencing.measure_site(site)
    context.progress(len(claims), len(claims), "sites", "edited")
    return len(claims)


KIND = JobKind("evidence", EvidenceRequest, run)
