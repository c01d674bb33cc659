"""Whether what a job request names is there, or free: told when it is asked for, and not when hours
of work are done."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.checking_prompts import check_prompt
from app.store.circuit_request import GENERATORS, CircuitRequest
from app.store.locating import require_model
from app.store.naming import check_free
from app.store.queries.task import has_task, list_task_slugs
from app.store.request_fields import Request
from app.store.tables.circuit import CircuitTable
from app.store.tables.corpus import CorpusTable
from app.store.tables.job import JobTable
from app.store.tables.model import ModelTable
from app.store.tables.run import RunTable

MOST_NAMED: Final = 10
"""Tasks of a model's own, the newest, that an error names."""


def check_request(session: Session, request: Request) -> None:
    """Raises NotFoundError where the request names a model, corpus, sweep or task that is not
    there, BadRequestError where its run is no sweep of its model, ConflictError where its slug is
    taken or another job wants it."""
    fields = request.model_dump(mode="json")
    model: str | None = fields.get("model")
    if fields["kind"] != "prepare_demo":  # it adds what it names
        _check_named(session, model, fields.get("corpus"))
    if model is not None and "run_id" in fields:
        _check_sweep(session, fields["run_id"], model)
    if isinstance(request, CircuitRequest):
        _check_circuit(session, request)


def _check_named(session: Session, model: str | None, corpus: str | None) -> None:
    if model is not None and not _exists(session, ModelTable, model):
        raise NotFoundError(
            f"There is no model {model!r}.",
            hint="Add it with `patchclamp models add`, or see `patchclamp models list`.",
        )
    if corpus is not None and not _exists(session, CorpusTable, corpus):
        raise NotFoundError(
            f"There is no corpus {corpus!r}.",
            hint="Add it with `patchclamp corpora add`, or see `patchclamp corpora list`.",
        )


def _check_sweep(session: Session, run_id: int, model: str) -> None:
    query = (
        select(RunTable.kind, ModelTable.name)
        .join(ModelTable, ModelTable.id == RunTable.model_id)
        .where(RunTable.id == run_id)
    )
    found = session.execute(query).one_or_none()
    hint = f"Give the number of a finished sweep of {model}; its page lists them."
    if found is None:
        raise NotFoundError(f"There is no run {run_id}.", hint=hint)
    if found.name != model:
        raise BadRequestError(f"Run {run_id} is of the model {found.name!r}.", hint=hint)
    if found.kind != "sweep":
        raise BadRequestError(f"Run {run_id} is no sweep but of the kind {found.kind}.", hint=hint)


def _check_circuit(session: Session, request: CircuitRequest) -> None:
    if request.task is not None and request.task not in GENERATORS:
        _check_task(session, request.model, request.task)
    if request.prompt is not None:
        check_prompt(session, model=request.model, prompt=request.prompt)
    if request.slug is not None:
        model_id = require_model(session, name=request.model)
        check_free(session, CircuitTable, model_id=model_id, slug=request.slug)
        _check_unwanted(session, request.model, request.slug)


def _check_task(session: Session, model: str, task: str) -> None:
    own = list_task_slugs(session, model=model, limit=MOST_NAMED)
    if task not in own and not has_task(session, model=model, slug=task):
        kept = f", or one of its own: {', '.join(own)}" if own else ""
        raise NotFoundError(
            f"Model {model} has no task {task[:100]!r}.",
            hint=f"Take one that is made for any model: {', '.join(GENERATORS)}{kept}.",
        )


def _check_unwanted(session: Session, model: str, slug: str) -> None:
    """One that was asked to stop keeps nothing any more."""
    query = select(JobTable.id, JobTable.request).where(
        JobTable.kind == "circuit",
        JobTable.model_name == model,
        JobTable.status.in_(("queued", "running")),
        ~JobTable.cancel_requested,
    )
    for job in session.execute(query):
        if job.request.get("slug") == slug:
            raise ConflictError(
                f"Job {job.id} is asked for a circuit of {model} that is called {slug!r} already.",
                hint="Give another slug, leave it out to get a free one, or cancel that job.",
            )


def _exists(session: Session, table: type[ModelTable | CorpusTable], name: str) -> bool:
    return session.scalar(select(table.id).where(table.name == name)) is not None
