"""`/experiments/{slug}`: what was changed and what that changed; `/m/{model}/experiments`: all."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import ReadSession
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.queries.experiment import get_experiment, list_experiments
from app.store.queries.model import get_model

router = APIRouter()


@router.get("/experiments/{slug}")
def show_experiment(request: Request, session: ReadSession, slug: str) -> Response:
    view = get_experiment(session, slug=slug)
    model = get_model(session, name=view.model)
    context = {
        "experiment": view,
        "pages": ModelPages(view.model),
        "has_script": view.kind == "experiment" and model.source_kind != "plain",
    }
    return respond(request, "experiment/page.html", context)


@router.get("/m/{model}/experiments")
def show_experiments(
    request: Request,
    session: ReadSession,
    model: str,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    context = {
        "pages": ModelPages(model),
        "page": list_experiments(session, model=model, cursor=cursor),
    }
    return respond(request, "experiment/list.html", context)
