"""`/m/{model}/{site}/{index}/explanations/{number}/vote`: for a claim, or against it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.auth.actor import Actor, CurrentActor
from app.auth.rights import Right
from app.dependencies import ReadSession, WriteSession
from app.pages.choosing import AskedRun
from app.pages.explanation import HERE, Index, Number, check_place
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond, target_of
from app.store.queries.explanation import get_explanation
from app.store.queries.vote import votes_on
from app.store.views.explanation import ExplanationView
from app.store.voting import vote

router = APIRouter()


@router.get(HERE + "/{number}/vote")
def show_votes(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    number: Number,
    run: AskedRun = None,
) -> Response:
    """As its page shows them; for that page, when they changed."""
    view = check_place(get_explanation(session, explanation_id=number), model, site, index)
    return _shown(request, session, actor, view, run)


@router.post(HERE + "/{number}/vote")
def save_vote(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    number: Number,
    value: Annotated[Literal["1", "-1", "0"], Form()],
    run: AskedRun = None,
) -> Response:
    """`value`: 0 takes it back."""
    view = check_place(get_explanation(session, explanation_id=number), model, site, index)
    vote(session, explanation_id=number, actor=actor.name, value=int(value))
    return _shown(request, session, actor, view, run)


def _shown(
    request: Request, session: Session, actor: Actor, view: ExplanationView, run: int | None
) -> Response:
    pages = ModelPages(view.model, run)
    if target_of(request) != "votes":
        return RedirectResponse(pages.explanation(view.site, view.index, view.id), status_code=303)
    context = {
        "pages": pages,
        "explanation": view,
        "may_vote": actor.may(Right.ANNOTATE, view.model),
        "votes": votes_on(
            session, view.id, actor=actor.name, may_judge=actor.could_be_asked(view.model)
        ),
    }
    return respond(request, "vote/panel.html", context, fragments={"votes": "vote/panel.html"})
