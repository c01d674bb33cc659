"""`/experiments/{slug}`: what was changed and what that changed; `/m/{model}/experiments`: all."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.dependencies import ReadSession
from app.pages.effect import Effect, read_effect
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.experimenting import LONGEST_NAME, LONGEST_NOTE
from app.store.queries.experiment import list_experiments
from app.store.queries.model import get_model

router = APIRouter()

FRAGMENTS: Final = {
    "at": "experiment/at.html",
    "continuations": "experiment/continuations.html",
    "swept": "experiment/swept.html",
}
"""Parts that the playground shows, too."""

Place = Annotated[int | None, Query(ge=0, lt=2**31)]


@router.get("/experiments/{slug}")
def show_experiment(
    request: Request, session: ReadSession, slug: str, position: Place = None
) -> Response:
    """`position`: whose tokens before and after are shown."""
    effect = read_effect(session, slug, position=position)
    context = context_of(session, effect)
    return respond(request, "experiment/page.html", context, fragments=FRAGMENTS)


@router.get("/m/{model}/experiments")
def show_experiments(
    request: Request,
    session: ReadSession,
    model: str,
    q: Annotated[str, Query(max_length=200)] = "",
    named: bool = False,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """`q`: in name or note; `named`: only those that somebody gave a name."""
    found = list_experiments(
        session, model=model, text=q.strip() or None, named=named, cursor=cursor
    )
    context = {"pages": ModelPages(model), "page": found, "q": q, "named": named}
    return respond(request, "experiment/list.html", context)


def context_of(session: Session, effect: Effect, **more: object) -> dict[str, object]:
    """What the page of one experiment is rendered from."""
    view = effect.view
    model = get_model(session, name=view.model)
    return {
        "effect": effect,
        "experiment": view,
        "pages": ModelPages(view.model),
        "has_script": view.kind == "experiment" and model.source_kind != "plain",
        "longest_name": LONGEST_NAME,
        "longest_note": LONGEST_NOTE,
        "again": None,
        "error": None,
        **more,
    }
