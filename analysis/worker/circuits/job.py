"""The job kind `circuit`: a task that is stored or made, the model's own accuracy on it, the
search, and the circuit with its proofs, stored together.

The search is a few minutes on a small model. What is interrupted begins anew, with the same seed
and so with the same outcome; what it had stored is replaced.
"""

import time
from dataclasses import asdict
from typing import Any, Final

import torch
from sqlalchemy.orm import Session

from analysis.circuits.finding import Asked, Found, Search, Stage
from analysis.circuits.graphing import Drawing
from analysis.errors import AnalysisError
from analysis.models.tracing import EditableModel
from analysis.protocol.circuits import Circuit
from analysis.solving.competence import Competence, judge
from analysis.solving.measuring import measure, reader_of_model, require_next_token
from analysis.solving.one_prompt import task_of_prompt
from analysis.tasks.generating import GENERATORS, generate
from analysis.tasks.prompting import VERSION, Prompted, prompted
from analysis.tasks.task import Task
from analysis.worker.circuits.needs import require_memory
from analysis.worker.circuits.telling import warnings_of
from analysis.worker.context import JobContext
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import begin_run, command, end_run, note_attempt
from analysis.worker.subjects import chosen_device, load_subject, model_row
from app.errors import ConflictError
from app.store.circuit_request import CircuitRequest
from app.store.queries.job import get_job
from app.store.queries.task import get_task
from app.store.views.circuit import CircuitLine
from app.store.writing_circuits import keep_circuit, keep_proof
from app.store.writing_tasks import keep_task, set_competence

METHOD: Final = "circuit by {}, {} ablation"
SHARES: Final[dict[Stage, tuple[float, float]]] = {
    "scores": (0.02, 0.08),
    "ranking": (0.08, 0.35),
    "size": (0.35, 0.42),
    "effects": (0.42, 0.55),
    "backups": (0.55, 0.62),
    "links": (0.62, 0.8),
    "rest": (0.8, 0.83),
    "proof": (0.83, 1.0),
}
"""Of the whole, where each stage begins and ends, about: of the demo's model."""
DOING: Final[dict[Stage, str]] = {
    "scores": "estimating what units do",
    "ranking": "ranking units in their own circuits",
    "size": "choosing how many are kept",
    "effects": "running units one by one",
    "backups": "looking for backups",
    "links": "looking for links",
    "rest": "ablating everything else, layer by layer",
    "proof": "proving the circuit",
}
SHORT: Final = 80
"""Characters of a prompt that its circuit is called after."""
TAKEN: Final = "It was to be called {}; while it was searched, another circuit took that slug."
RANKED: Final = 5_000
"""Units of the ranking that are stored: more than anybody keeps in a circuit."""


def run(context: JobContext[CircuitRequest]) -> dict[str, Any]:
    """The result names the circuit, the task and the run."""
    request = context.request
    with Session(context.engine) as session:
        row = model_row(session, request.model)
        stored = _stored(session, request)
    device = chosen_device(context.settings.device)
    run_id = _begin(context, row.id, str(device))
    context.progress(0, 100, "%", f"loading {row.name}")
    model = _editable(
        load_subject(row, dtype=torch.float32, device=device, settings=context.settings)
    )
    require_next_token(model)
    task = stored if stored is not None else _made(model, request)
    context.progress(0, 100, "%", "asking how well the model does the task")
    begun = time.perf_counter()
    competence = judge(task, measure(model, task, check=context.check_cancelled))
    per_prompt = (time.perf_counter() - begun) / (2 * len(task.pairs))
    slug = _keep_task(context, run_id, task, competence)
    pairs = prompted(task, seed=request.seed)
    needs = require_memory(context, model, pairs, per_prompt)
    started = time.perf_counter()
    found = _search(context, model, task, pairs)
    measured = {
        "seconds": round(time.perf_counter() - started, 3),
        "estimated_seconds": needs.seconds,
        "estimated_bytes": needs.n_bytes,
        "units": len(found.kept),
        "links": len(found.edges),
    }
    circuit = _circuit(context, model, task, pairs, found, competence)
    kept = _keep(context, run_id, circuit, found, slug, measured)
    context.progress(100, 100, "%", "proved")
    return {"run_id": run_id, "circuit": kept, "task": slug, "units": len(found.kept)}


def _stored(session: Session, request: CircuitRequest) -> Task | None:
    if request.task is None or request.task in GENERATORS:
        return None
    return Task.model_validate_json(get_task(session, model=request.model, slug=request.task).task)


def _made(model: EditableModel, request: CircuitRequest) -> Task:
    if request.task is not None:
        return generate(request.task, reader_of_model(model), n=request.n_pairs, seed=request.seed)
    return task_of_prompt(model, request.prompt or "", seed=request.seed)


def _begin(context: JobContext[CircuitRequest], model_id: int, device: str) -> int:
    request = context.request
    parameters = request.model_dump(exclude={"kind", "model"}, exclude_none=True)

    def begin(session: Session) -> int:
        return begin_run(
            session,
            kind="circuit",
            method=METHOD.format(request.method, request.ablation),
            method_version=VERSION,
            model_id=model_id,
            job_id=context.job_id,
            parameters=parameters,
            seed=request.seed,
            dtype="float32",
            device=device,
            command=command_of(request),
        )

    run_id = context.step("begin", lambda: context.write(begin))
    context.write(lambda session: note_attempt(session, run_id))
    return run_id


def command_of(request: CircuitRequest) -> str:
    """The command that runs it again."""
    options: dict[str, object] = {
        **({} if request.prompt is None else {"prompt": request.prompt}),
        "n-pairs": request.n_pairs,
        "method": request.method,
        "ablation": request.ablation,
        "n-nodes": request.n_nodes,
        **({} if request.title is None else {"title": request.title}),
        "seed": request.seed,
    }
    task = [] if request.task is None else [request.task]
    return command("circuit", options, [request.model, *task])


def _search(
    context: JobContext[CircuitRequest], model: EditableModel, task: Task, pairs: Prompted
) -> Found:
    request = context.request

    def tell(stage: Stage, share: float) -> None:
        begin, end = SHARES[stage]
        done = begin + share * (end - begin)
        context.progress(round(100 * done, 1), 100, "%", DOING[stage])

    search = Search(
        model,
        task.metric,
        pairs,
        Asked(
            method=request.method,
            ablation=request.ablation,
            most_units=request.n_nodes,
            seed=request.seed,
        ),
        check=context.check_cancelled,
        tell=tell,
    )
    return search.run()


def _circuit(
    context: JobContext[CircuitRequest],
    model: EditableModel,
    task: Task,
    pairs: Prompted,
    found: Found,
    competence: Competence,
) -> Circuit:
    units = found.units
    drawing = Drawing(found, pairs.finding[0], task.metric, model.token_texts())
    n = len(units)
    return Circuit(
        graph=drawing.graph(),
        drawn=drawing.drawn(),
        method=context.request.method,
        ablation=context.request.ablation,
        n_pairs=found.n_finding,
        n_effects=found.n_effects,
        n_edges=found.n_edges,
        n_units=n,
        ranking=tuple(
            (units.ref(number), 1 - rank / n)
            for rank, number in enumerate(found.order[:RANKED].tolist())
        ),
        agreement=found.agreement,
        link_agreement=found.link_agreement,
        backups=drawing.backups(),
        warnings=tuple(warnings_of(found, pairs, competence)),
    )


def _keep_task(
    context: JobContext[CircuitRequest], run_id: int, task: Task, competence: Competence
) -> str:
    request = context.request
    told = asdict(competence)

    def keep(session: Session) -> str:
        if request.task is None or request.task in GENERATORS:
            return keep_task(
                session, model=request.model, task=task, competence=told,
                actor=_asker(session, context), run_id=run_id,
            ).slug  # fmt: skip
        return set_competence(
            session, model=request.model, slug=request.task, competence=told, run_id=run_id
        ).slug

    return context.write(keep)


def _keep(
    context: JobContext[CircuitRequest],
    run_id: int,
    circuit: Circuit,
    found: Found,
    task: str,
    measured: dict[str, Any],
) -> str:
    request = context.request
    title = request.title or (request.prompt or "")[:SHORT] or None

    def keep_as(session: Session, slug: str | None, circuit: Circuit) -> CircuitLine:
        return keep_circuit(
            session, model=request.model, circuit=circuit, title=title,
            actor=_asker(session, context), slug=slug, task=task, run_id=run_id,
        )  # fmt: skip

    def keep(session: Session) -> str:
        try:
            kept = keep_as(session, request.slug, circuit)
        except ConflictError:
            # taken since it was asked for: no reason to lose what was found
            kept = keep_as(session, None, _warned(circuit, TAKEN.format(request.slug)))
        for proof in reversed(found.proofs):  # the newest is told first
            keep_proof(session, model=request.model, slug=kept.slug, proof=proof, run_id=run_id)
        end_run(session, run_id, "finished", measured)
        return kept.slug

    return context.write(keep)


def _warned(circuit: Circuit, warning: str) -> Circuit:
    return circuit.model_copy(update={"warnings": (*circuit.warnings, warning)})


def _asker(session: Session, context: JobContext[CircuitRequest]) -> str:
    return get_job(session, job_id=context.job_id).created_by


def _editable(model: object) -> EditableModel:
    if not isinstance(model, EditableModel):
        raise AnalysisError(
            "this model's runs cannot be edited", hint="Take a supported architecture."
        )
    return model


KIND = JobKind("circuit", CircuitRequest, run)
