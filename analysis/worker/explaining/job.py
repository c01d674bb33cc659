"""The job kind `explain`: every unit asked for, chunk by chunk in random order.

A chunk is stored in one transaction and recognised when the job is taken up again, so an explain
job that was killed ends with the same rows.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.corpora.window_file import load_windows
from analysis.weights.token_space import method_of, token_space
from analysis.worker.context import JobContext
from analysis.worker.explaining.order import Chunk, chunks_of
from analysis.worker.explaining.sources import first_of_groups, stored_pools
from analysis.worker.explaining.summarising import summarise
from analysis.worker.explaining.work import (
    Asked,
    Explaining,
    Sources,
    output_run_of,
    vocabulary_with,
)
from analysis.worker.following import begin_following
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import command, end_run
from analysis.worker.subjects import load_subject, model_row, sweep_row
from analysis.worker.sweeping.preparing import windows_file
from app.errors import BadRequestError, NotFoundError
from app.store.queries.model import vocabulary_of
from app.store.queries.token_space import get_token_space
from app.store.requests import ExplainRequest
from app.store.search.units import index_units
from app.store.tables import ModelTable, RunTable, SiteTable, WindowSetTable
from app.store.writing_explanations import write_token_space

Int8Array = NDArray[np.int8]
METHOD, METHOD_VERSION = "token lookup; rules by matching pursuit; output side in words", "1"


def run(context: JobContext[ExplainRequest]) -> dict[str, Any]:
    """The result names the run and counts what was explained."""
    request = context.request
    with Session(context.engine) as session:
        sweep = sweep_row(session, request.run_id)
        model = model_row(session, request.model)
        sites = session.scalars(
            select(SiteTable).where(SiteTable.model_id == model.id).order_by(SiteTable.id)
        ).all()
    if sweep.model_id != model.id:
        raise BadRequestError(
            f"Run {sweep.id} is no sweep of {model.name}.",
            hint="See the model's page for its runs.",
        )
    chunks = _chunks(request, sites)
    sources = _sources(context, model, sweep)
    run_id = begin_following(
        context,
        sweep=sweep,
        method=METHOD,
        method_version=METHOD_VERSION,
        parameters=parameters_of(request),
        command=command_of(request),
    )
    with Session(context.engine) as session:
        output = output_run_of(
            session,
            sweep.id,
            gated=bool(model.facts.get("gated")),
            texts=model.facts.get("output_texts") or sources.vocabulary.texts,
        )
    asked = Asked(
        run_id=run_id,
        sweep_id=sweep.id,
        model_id=model.id,
        site_ids={site.name: site.id for site in sites},
        methods=tuple(request.methods),
        most_rules=request.most_rules,
        most_listed=request.most_listed,
        seed=request.seed,
    )
    for site in sites if output is not None else ():
        context.check_cancelled()
        context.progress(0, None, "units", f"making the tokens of {site.name} searchable")
        context.write(partial(_index, sweep.id, site.id))
    splits = [split for split in next(iter(sources.pools.values())) if split not in NOT_TESTED]
    seconds = explain_chunks(context, Explaining(context, asked, sources, output), chunks, splits)
    n_units = sum(len(chunk.units) for chunk in chunks)
    measured = {"units": n_units, "seconds": round(seconds, 3)}
    context.write(lambda session: end_run(session, run_id, "finished", measured))
    return {"run_id": run_id, "units": n_units}


NOT_TESTED = ("fit", "calibration")


def explain_chunks(
    context: JobContext[Any],
    explaining: Explaining,
    chunks: list[Chunk],
    splits: list[str],
) -> float:
    """Explains what is not stored yet, with summaries after every round; returns the seconds."""
    started = time.perf_counter()
    total, done = sum(len(chunk.units) for chunk in chunks), 0
    for number, chunk in enumerate(chunks):
        context.check_cancelled()
        context.progress(done, total, "units", "explaining")
        is_new = not explaining.is_done(chunk)
        if is_new:
            explaining.explain(chunk)
        done += len(chunk.units)
        is_last = number + 1 == len(chunks) or chunks[number + 1].round != chunk.round
        if is_new and is_last:
            context.write(
                lambda session: summarise(
                    session.connection(),
                    run_id=explaining.asked.run_id,
                    splits=splits,
                    seed=explaining.asked.seed,
                )
            )
            context.event("published", {"units": done})
    context.progress(done, total, "units", "explained")
    return time.perf_counter() - started


def _index(run_id: int, site_id: int, session: Session) -> None:
    index_units(session.connection(), run_id=run_id, site_id=site_id)


def command_of(request: ExplainRequest) -> str:
    """The command that runs it again."""
    options: dict[str, object] = {"model": request.model, "run-id": request.run_id}
    if request.site is not None:
        options["site"] = request.site
    if request.units is not None:
        options["unit"] = request.units
    if request.sample is not None:
        options["sample"] = request.sample
    options["method"] = list(request.methods)
    options |= {
        "most-rules": request.most_rules,
        "most-listed": request.most_listed,
        "seed": request.seed,
    }
    return command("explain", options)


KIND = JobKind("explain", ExplainRequest, run)


def parameters_of(request: ExplainRequest) -> dict[str, Any]:
    return request.model_dump(
        include={
            "site", "units", "sample", "methods", "most_rules", "most_listed", "assistant", "seed",
        },
        exclude_none=True,
    )  # fmt: skip


def _chunks(request: ExplainRequest, sites: Any) -> list[Chunk]:  # noqa: ANN401 - rows of sites
    by_name = {site.name: site.n_units for site in sites}
    if request.site is not None and request.site not in by_name:
        raise NotFoundError(
            f"{request.model} has no site {request.site!r}.",
            hint=f"Its sites run from {sites[0].name} to {sites[-1].name}.",
        )
    if request.units is not None and request.site is None:
        raise BadRequestError("Units without a site.", hint="Say which site they are of.")
    chosen = {
        name: list(range(n))
        for name, n in by_name.items()
        if request.site is None or name == request.site
    }
    if request.units is not None and request.site is not None:
        n = by_name[request.site]
        wrong = [unit for unit in request.units if unit >= n]
        if wrong:
            raise NotFoundError(
                f"{request.site} has no unit {wrong[0]}.", hint=f"Its units are 0 to {n - 1}."
            )
        chosen[request.site] = sorted({*request.units})
    return chunks_of(chosen, seed=request.seed, sample=request.sample)


def _sources(
    context: JobContext[ExplainRequest],
    model: ModelTable,
    sweep: RunTable,
) -> Sources:
    with Session(context.engine) as session:
        texts = vocabulary_of(session, model_id=model.id, tokenizer_sha256=model.tokenizer_sha256)
        pools = stored_pools(session, sweep.id, context.settings.data)
        window_set = session.get_one(WindowSetTable, sweep.window_set_id)
        groups = first_of_groups(session, window_set.corpus_id)
    return Sources(
        pools=pools,
        windows=load_windows(windows_file(context.settings, window_set.sha256)),
        first_of_group=groups,
        vocabulary=vocabulary_with(texts, _space(context, model)),
        counted_from=sweep.parameters["counted_from"],
    )


def _space(context: JobContext[ExplainRequest], model: ModelTable) -> Int8Array:
    def embedding() -> torch.Tensor:
        context.progress(0, None, "units", "measuring where tokens lie to each other")
        cpu = torch.device("cpu")
        subject = load_subject(model, dtype=torch.float32, device=cpu, settings=context.settings)
        return subject.embedding()

    return stored_space(context, model.id, embedding)


def stored_space(
    context: JobContext[Any], model_id: int, embedding: Callable[[], torch.Tensor]
) -> Int8Array:
    """The model's token space; measured from its embedding where nobody has."""
    with Session(context.engine) as session:
        model = session.get_one(ModelTable, model_id)
        known = get_token_space(session, model_id=model.id, tokenizer_sha256=model.tokenizer_sha256)
    if known is not None:
        return known.vectors
    vectors = token_space(embedding())
    context.write(
        lambda session: write_token_space(
            session.connection(),
            model_id=model_id,
            method=method_of(vectors.shape[1]),
            vectors=vectors,
        )
    )
    return vectors
