"""`/m/{model}/tasks`: what circuits of a model are found on; each with its pairs, and with what the
model makes of it."""

from math import ceil
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from analysis.tasks.task import Task
from app.dependencies import ReadSession
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.queries.circuit import list_circuits
from app.store.queries.task import get_task, list_tasks

router = APIRouter()

HERE: Final = "/m/{model}/tasks"
PAIRS: Final = 50
"""On one page."""


@router.get(HERE)
def show_tasks(
    request: Request,
    session: ReadSession,
    model: str,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    context = {
        "pages": ModelPages(model),
        "page": list_tasks(session, model=model, cursor=cursor),
    }
    return respond(request, "task/list.html", context)


@router.get(HERE + "/{slug}")
def show_task(
    request: Request,
    session: ReadSession,
    model: str,
    slug: str,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """A page behind the last one is the last one."""
    view = get_task(session, model=model, slug=slug)
    held = Task.model_validate_json(view.task)
    n_pages = ceil(len(held.pairs) / PAIRS)
    number = min(page, n_pages)
    context = {
        "pages": ModelPages(model),
        "task": view,
        "held": held,
        "pairs": held.pairs[(number - 1) * PAIRS : number * PAIRS],
        "number": number,
        "n_pages": n_pages,
        "first": (number - 1) * PAIRS + 1,
        "circuits": list_circuits(session, model=model, task=slug),
    }
    return respond(request, "task/page.html", context)
