"""Tasks of a model: kept, listed, read, deleted, exported."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Request, Response

from analysis.tasks.exporting import export_task
from analysis.tasks.task import Task
from app.api.answering import answer
from app.api.circuits import TaskAnswer, TaskBody, TaskSlug
from app.api.describing import Responses, problems_of
from app.api.parameters import Cursor, Limit, ModelName
from app.api.tabling import MEDIA_TYPES
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, StoreWriter, WriteSession
from app.store import writing_tasks
from app.store.queries import task as tasks
from app.store.views.base import Page
from app.store.views.deleted import DeletedView
from app.store.views.task import TaskLine

router = APIRouter(prefix="/api/v1/models/{model}/tasks", tags=["tasks"])

LINES: Final[Responses] = {
    200: {
        "description": "A heading, then a line for each pair (docs/tasks.md).",
        "content": {MEDIA_TYPES["jsonl"]: {"schema": {"type": "string"}}},
    }
}


@router.get(
    "",
    response_model=Page[TaskLine],
    summary="List a model's tasks",
    responses=problems_of(404),
)
def list_tasks(
    request: Request,
    session: ReadSession,
    model: ModelName,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first, without their pairs."""
    return answer(request, tasks.list_tasks(session, model=model, limit=limit, cursor=cursor))


@router.post(
    "",
    response_model=TaskAnswer,
    status_code=201,
    summary="Keep a task",
    responses=problems_of(400, 403, 404, 409, 413),
)
def create_task(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    model: ModelName,
    body: Annotated[TaskBody, Body(description="The task.")],
) -> Response:
    """Keep pairs whose token ids are known; `Location` names the task. Without a slug, one that is
    kept and asks the same is answered. Files of text are read by `patchclamp tasks import`, and
    what can be made for any model is made by a job of kind `circuit`."""
    view = writing_tasks.keep_task(
        session, model=model, task=body.task, slug=body.slug, actor=actor.name
    )
    kept = answer(request, view)
    kept.status_code = 201
    kept.headers["Location"] = f"/api/v1/models/{model}/tasks/{view.slug}"
    return kept


@router.get(
    "/{slug}", response_model=TaskAnswer, summary="Get one task", responses=problems_of(404)
)
def get_task(request: Request, session: ReadSession, model: ModelName, slug: TaskSlug) -> Response:
    """With its pairs, and what the model makes of it where that was measured."""
    return answer(request, tasks.get_task(session, model=model, slug=slug))


@router.get(
    "/{slug}/export",
    response_class=Response,
    summary="Export a task",
    responses=problems_of(404) | LINES,
)
def export(session: ReadSession, writer: StoreWriter, model: ModelName, slug: TaskSlug) -> Response:
    """As JSON lines of text, which `patchclamp tasks import` reads again for any model."""
    view = tasks.get_task(session, model=model, slug=slug)
    writer.note(action="export.task", model=model, subject=f"task {slug}")
    return Response(
        export_task(Task.model_validate_json(view.task)),
        media_type=MEDIA_TYPES["jsonl"],
        headers={"Content-Disposition": f'attachment; filename="{slug}.jsonl"'},
    )


@router.delete("/{slug}", summary="Delete a task", responses=problems_of(400, 403, 404, 409))
def delete_task(
    session: WriteSession, actor: CurrentActor, model: ModelName, slug: TaskSlug
) -> DeletedView:
    """Not while there are circuits that were found on it: they could not be proved again."""
    writing_tasks.delete_task(session, model=model, slug=slug, actor=actor.name)
    return DeletedView(deleted=slug)
