"""Tasks are kept, told what the model makes of them, and deleted.

with open_session(engine, commit=True) as session:
    kept = keep_task(session, model="toy", task=task, actor="me")
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError
from app.store.audit.noting import note
from app.store.locating import require_model
from app.store.naming import insert_named
from app.store.packing import pack_text
from app.store.queries.task import get_task, require_task
from app.store.tables import CircuitTable, ModelTable, TaskTable, VocabularyTable
from app.store.views.task import TaskView
from app.store.writing_explanations import storable

if TYPE_CHECKING:
    from analysis.tasks.task import Task

log = structlog.get_logger("patchclamp.store")

LARGEST_CONTENT: Final = 64 * 2**20
"""Bytes of JSON, of one task or circuit."""
NAMED_CIRCUITS: Final = 5
"""In the message of a task that is still needed."""


def keep_task(
    session: Session,
    *,
    model: str,
    task: "Task",
    actor: str,
    slug: str | None = None,
    competence: Mapping[str, Any] | None = None,
    run_id: int | None = None,
) -> TaskView:
    """The task under a slug of its own. Without a slug, one that asks the same and was kept before
    is not kept again; what is said of competence now goes before what was said then.

    Raises NotFoundError where the model is missing, ConflictError where the slug is taken,
    BadRequestError where it is none, or where the task is of another tokenizer or too large.
    """
    model_id = require_model(session, name=model)
    _check_tokens(session, model_id, model, task)
    digest = task.digest
    if slug is None:
        query = select(TaskTable.slug).where(
            TaskTable.model_id == model_id, TaskTable.digest == digest
        )
        known = session.scalar(query.order_by(TaskTable.id).limit(1))
        if known is not None:
            if competence is not None:
                return set_competence(
                    session, model=model, slug=known, competence=competence, run_id=run_id
                )
            return get_task(session, model=model, slug=known)
    source, title = _source(task)
    _, chosen = insert_named(
        session,
        TaskTable,
        model_id=model_id,
        slug=slug,
        title=title,
        values={
            "run_id": run_id,
            "name": storable(task.name),
            "metric": task.metric.kind,
            "source": storable(source),
            "n_pairs": len(task.pairs),
            "digest": digest,
            "tokenizer_sha256": task.tokenizer_sha256,
            "competence": None if competence is None else dict(competence),
            "actor": storable(actor),
            "created_at": datetime.now(UTC),
            "content": packed(task, "task"),
        },
    )
    log.info("task.kept", task=chosen, model=model, actor=actor)
    if run_id is None:  # a job's own is part of what was asked for
        note(
            session, actor=actor, action="task.created", model=model, subject=f"task {chosen}",
            after={"name": task.name, "pairs": len(task.pairs), "source": source},
        )  # fmt: skip
    return get_task(session, model=model, slug=chosen)


def set_competence(
    session: Session,
    *,
    model: str,
    slug: str,
    competence: Mapping[str, Any],
    run_id: int | None = None,
) -> TaskView:
    """With what the model makes of it, measured by that run. Raises NotFoundError."""
    task_id = require_task(session, model=model, slug=slug)
    session.execute(
        update(TaskTable)
        .where(TaskTable.id == task_id)
        .values(competence=dict(competence), run_id=run_id)
    )
    return get_task(session, model=model, slug=slug)


def delete_task(session: Session, *, model: str, slug: str, actor: str) -> None:
    """Raises NotFoundError; ConflictError where circuits were found on it, which could then never
    be proved again."""
    task_id = require_task(session, model=model, slug=slug)
    query = select(CircuitTable.slug).where(CircuitTable.task_id == task_id)
    found = session.scalars(query.order_by(CircuitTable.id).limit(NAMED_CIRCUITS + 1)).all()
    if found:
        more = " and others" if len(found) > NAMED_CIRCUITS else ""
        raise ConflictError(
            f"The task {slug} is what these circuits were found on: "
            f"{', '.join(found[:NAMED_CIRCUITS])}{more}.",
            hint="Without it they could not be proved again. Delete the circuits first.",
        )
    gone = session.execute(
        delete(TaskTable)
        .where(TaskTable.id == task_id)
        .returning(TaskTable.name, TaskTable.n_pairs, TaskTable.actor)
    ).one()
    log.info("task.deleted", task=slug, model=model, actor=actor)
    note(
        session, actor=actor, action="task.deleted", model=model, subject=f"task {slug}",
        before={"name": gone.name, "pairs": gone.n_pairs, "actor": gone.actor},
    )  # fmt: skip


def packed(content: BaseModel, what: str) -> bytes:
    """`packing.pack_text` of it as JSON; BadRequestError where that is too large to be kept."""
    try:
        text = content.model_dump_json().encode()
    except PydanticSerializationError as error:
        raise BadRequestError(
            f"The {what} holds text that is no Unicode, such as half of a surrogate pair.",
            hint="Write it anew from what made it.",
        ) from error
    if len(text) > LARGEST_CONTENT:
        raise BadRequestError(
            f"The {what} is {len(text) / 2**20:,.0f} MiB of JSON, and no more than "
            f"{LARGEST_CONTENT // 2**20} MiB are kept.",
            hint="Take fewer prompts." if what == "task" else "Prune it: take fewer nodes.",
        )
    return pack_text(text)


def _check_tokens(session: Session, model_id: int, model: str, task: "Task") -> None:
    """That its token ids are of the model's tokenizer, or could be where nobody says. Two who keep
    the same task at once wait for each other here, at the model's row."""
    query = (
        select(ModelTable.tokenizer_sha256, VocabularyTable.n_tokens)
        .outerjoin(VocabularyTable, VocabularyTable.model_id == ModelTable.id)
        .where(ModelTable.id == model_id)
        .with_for_update(of=ModelTable, key_share=True)
    )
    row = session.execute(query).one()
    hint = "Make it anew for this model, or import its file for it."
    if task.tokenizer_sha256 not in (None, row.tokenizer_sha256):
        raise BadRequestError(
            f"The task {task.name[:100]!r} was made for another tokenizer than that of {model}: "
            "its token ids would stand for other words.",
            hint=hint,
        )
    answers = (*task.metric.raised, *task.metric.lowered)
    largest = max(
        max((*side.tokens, *(token.id for token in (*pair.right, *pair.wrong, *answers))))
        for pair in task.pairs
        for side in (pair.clean, pair.counterfactual)
    )
    if row.n_tokens is not None and largest >= row.n_tokens:
        raise BadRequestError(
            f"The task {task.name[:100]!r} names the token {largest}; those of {model} are 0 to "
            f"{row.n_tokens - 1}.",
            hint=hint,
        )


def _source(task: "Task") -> tuple[str, str]:
    """Where it is from, and what its slug is made of."""
    if task.source.kind == "generated":
        generator = task.source.generator
        seed = f" seed {task.source.seed}" if task.source.seed else ""
        return generator, f"{generator} {len(task.pairs)}{seed}"
    return task.source.file, task.name
