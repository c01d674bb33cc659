"""The job kind `explain`: every unit asked for, chunk by chunk in random order.

A chunk is stored in one transaction and recognised when the job is taken up again, so an explain
job that was killed ends with the same rows.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.corpora.window_file import load_windows
from analysis.errors import BudgetSpent
from analysis.weights.token_space import method_of, token_space
from analysis.worker.context import JobContext
from analysis.worker.embedding import embed_explanations
from analysis.worker.explaining.assisting import assisting, check_assistant
from analysis.worker.explaining.order import Chunk, chunks_of
from analysis.worker.explaining.outputs import METHOD as OUTPUT
from analysis.worker.explaining.outputs import NoOutput, OutputRun, OutputsOf
from analysis.worker.explaining.repeating import command_of, parameters_of
from analysis.worker.explaining.sources import first_of_groups, stored_pools
from analysis.worker.explaining.summarising import is_behind, summarise
from analysis.worker.explaining.work import (
    Asked,
    Explaining,
    Sources,
    vocabulary_with,
)
from analysis.worker.following import begin_following
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import end_run
from analysis.worker.subjects import load_subject, model_row, sweep_row
from analysis.worker.sweeping.preparing import windows_file
from app.errors import BadRequestError, NotFoundError
from app.store.queries.job import queue_job
from app.store.queries.model import vocabulary_of
from app.store.queries.token_space import get_token_space
from app.store.requests import EvidenceRequest, ExplainRequest
from app.store.search.units import index_units
from app.store.tables import ModelTable, RunTable, SiteTable, WindowSetTable
from app.store.writing_explanations import write_token_space

Int8Array = NDArray[np.int8]
METHOD, METHOD_VERSION = "token lookup; rules by matching pursuit; output side in words", "2"


def run(context: JobContext[ExplainRequest]) -> dict[str, Any]:
    """The result names the run and counts what was explained."""
    request = context.request
    endpoint = check_assistant(request, context.settings)
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
        method=METHOD if endpoint is None else f"{METHOD}; sentences of a language model",
        method_version=METHOD_VERSION,
        parameters=parameters_of(request),
        command=command_of(request),
    )
    outputs = OutputsOf(
        sweep.id,
        model.name,
        gated=bool(model.facts.get("gated")),
        texts=model.facts.get("output_texts") or sources.vocabulary.texts,
    )
    with Session(context.engine) as session:
        output = outputs.look(session)
    asked = Asked(
        run_id=run_id,
        sweep_id=sweep.id,
        model_id=model.id,
        site_ids={site.name: site.id for site in sites},
        methods=tuple(request.methods),
        most_rules=request.most_rules,
        most_listed=request.most_listed,
        seed=request.seed,
        picked=request.units is not None,
    )
    _index_all(context, sweep.id, sites)
    splits = [split for split in next(iter(sources.pools.values())) if split not in NOT_TESTED]
    with assisting(context, endpoint, asked) as assistant:
        explaining = Explaining(context, asked, sources, _or_none(output), assistant)
        outcome = explain_chunks(context, explaining, chunks, splits)
        if OUTPUT in asked.methods and isinstance(output, NoOutput):
            output = outputs.wait(context)
            explaining.output = _or_none(output)
            if explaining.output is not None:
                _add_outputs(context, explaining, chunks)
                _index_all(context, sweep.id, sites)
                _tell_end(context, outcome)
        spent = {} if assistant is None else {"assistant": assistant.told}
    embed_explanations(context.engine, go_on=partial(_go_on_embedding, context))
    stopped = {} if outcome.stopped is None else {"stopped": outcome.stopped}
    told = {"units": outcome.units, **stopped, **spent}
    if OUTPUT in asked.methods and isinstance(output, NoOutput):
        told["not_done"] = {OUTPUT: output.reason}
    measured = {**told, "seconds": round(outcome.seconds, 3)}
    context.write(lambda session: _finish(session, request, run_id, measured))
    return {"run_id": run_id, **told}


def _finish(
    session: Session, request: ExplainRequest, run_id: int, measured: dict[str, Any]
) -> None:
    """Ends the run, and asks once for what follows."""
    if end_run(session, run_id, "finished", measured) and request.evidence:
        asked = EvidenceRequest(
            model=request.model, run_id=request.run_id, units_per_site=request.evidence
        )
        queue_job(session, request=asked, actor="explain")


NOT_TESTED = ("fit", "calibration")


@dataclass(frozen=True)
class Outcome:
    units: int
    """Of chunks that are done with every method."""
    total: int
    seconds: float
    stopped: str | None
    """`budget`: there was no more to spend; None: all is done."""


def explain_chunks(
    context: JobContext[Any],
    explaining: Explaining,
    chunks: list[Chunk],
    splits: list[str],
) -> Outcome:
    """Explains what is not stored yet, with summaries after every round."""
    started = time.perf_counter()
    _catch_up(context, explaining.asked, splits)
    total, done, stopped = sum(len(chunk.units) for chunk in chunks), 0, None
    for number, chunk in enumerate(chunks):
        context.check_cancelled()
        context.progress(done, total, "units", "explaining")
        explaining.tell = partial(_tell, context, done, total)
        is_new = not explaining.is_done(chunk)
        try:
            if is_new:
                explaining.explain(chunk)
            done += len(chunk.units)
        except BudgetSpent:
            stopped = "budget"
        is_last = number + 1 == len(chunks) or chunks[number + 1].round != chunk.round
        if is_new and (is_last or stopped) and not explaining.asked.picked:
            _summarise(context, explaining.asked, splits)
            context.event("published", {"units": done})
        if stopped:
            break
    outcome = Outcome(done, total, time.perf_counter() - started, stopped)
    _tell_end(context, outcome)
    return outcome


def _catch_up(context: JobContext[Any], asked: Asked, splits: list[str]) -> None:
    """Chunks that are stored are not done again, so nobody else would summarise them."""
    with Session(context.engine) as session:
        behind = not asked.picked and is_behind(session.connection(), run_id=asked.run_id)
    if behind:
        _summarise(context, asked, splits)


def _summarise(context: JobContext[Any], asked: Asked, splits: list[str]) -> None:
    context.write(
        lambda session: summarise(
            session.connection(), run_id=asked.run_id, splits=splits, seed=asked.seed
        )
    )


def _tell_end(context: JobContext[Any], outcome: Outcome) -> None:
    in_full = outcome.stopped is None
    said = "explained" if in_full else "ended: the next call could exceed the budget"
    context.progress(outcome.units, outcome.total, "units", said)


def _tell(context: JobContext[Any], before: int, total: int, done: int) -> None:
    context.progress(before + done, total, "units", "asking the language model")


def _go_on_embedding(context: JobContext[ExplainRequest], done: int) -> bool:
    """Only where sentence embeddings are installed: search by meaning needs them."""
    context.check_cancelled()
    context.progress(done, None, "explanations", "embedding explanations for search by meaning")
    return True


def _or_none(output: OutputRun | NoOutput) -> OutputRun | None:
    return output if isinstance(output, OutputRun) else None


def _add_outputs(context: JobContext[Any], explaining: Explaining, chunks: list[Chunk]) -> None:
    """Where they came while programs were looked for."""
    total, done = sum(len(chunk.units) for chunk in chunks), 0
    for chunk in chunks:
        context.check_cancelled()
        context.progress(done, total, "units", "putting output sides in words")
        explaining.add_outputs(chunk)
        done += len(chunk.units)


def _index_all(context: JobContext[Any], sweep_id: int, sites: Sequence[SiteTable]) -> None:
    """By where units peak, and by what they promote where that is computed."""
    for site in sites:
        context.check_cancelled()
        context.progress(0, None, "units", f"making the tokens of {site.name} searchable")
        context.write(partial(_index, sweep_id, site.id))


def _index(run_id: int, site_id: int, session: Session) -> None:
    index_units(session.connection(), run_id=run_id, site_id=site_id)


KIND = JobKind("explain", ExplainRequest, run)


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
