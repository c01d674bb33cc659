"""`/bookmarks`: what the reader marked, with notes; nobody else sees it."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.fields import blank_to_none
from app.pages.around import Mark, places_of
from app.rendering.answers import respond, target_of
from app.store.bookmarking import LONGEST_NOTE, bookmark, unmark
from app.store.queries.bookmark import list_bookmarks, marked, marked_models
from app.store.topics import Topic, named_topic

router = APIRouter()

Name = Annotated[str | None, BeforeValidator(blank_to_none), Field(max_length=300)]
Amount = Annotated[int | None, BeforeValidator(blank_to_none), Field(ge=0, le=2**31 - 1)]


class MarkForm(BaseModel):
    """What is meant, as the page sends it; fields that do not apply are blank."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=300)
    site: Name = None
    index: Amount = None
    explanation: Amount = None
    circuit: Name = None
    note: Annotated[str | None, Field(max_length=2 * LONGEST_NOTE)] = None

    def topic(self, session: Session) -> Topic:
        return named_topic(
            session,
            model=self.model,
            site=self.site,
            index=self.index,
            explanation_id=self.explanation,
            circuit=self.circuit,
        )


@router.get("/bookmarks")
def show_bookmarks(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: Annotated[str | None, Query(max_length=300)] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """`model`: of this one alone."""
    page = list_bookmarks(
        session, actor=actor.name, sees=actor.sees, model=model or None, cursor=cursor
    )
    context = {
        "page": page,
        "model": model or None,
        "models": marked_models(session, actor=actor.name, sees=actor.sees),
    }
    return respond(request, "bookmark/list.html", context)


@router.post("/bookmarks")
def save_bookmark(
    request: Request, session: WriteSession, actor: CurrentActor, form: Annotated[MarkForm, Form()]
) -> Response:
    topic = form.topic(session)
    bookmark(session, topic, actor=actor.name, note_text=form.note)
    return _shown(request, session, topic, actor.name)


@router.post("/bookmarks/remove")
def remove_bookmark(
    request: Request, session: WriteSession, actor: CurrentActor, form: Annotated[MarkForm, Form()]
) -> Response:
    topic = form.topic(session)
    unmark(session, topic, actor=actor.name)
    return _shown(request, session, topic, actor.name)


def _shown(request: Request, session: Session, topic: Topic, actor: str) -> Response:
    """The button, or the page that was left: the list, or what was marked."""
    if target_of(request) != "bookmark":
        came_from_list = request.headers.get("referer", "").partition("?")[0].endswith("/bookmarks")
        address = "/bookmarks" if came_from_list else places_of(topic)[1]
        return RedirectResponse(address, status_code=303)
    context = {"mark": Mark(topic, marked(session, topic, actor=actor))}
    return respond(
        request, "bookmark/mark.html", context, fragments={"bookmark": "bookmark/mark.html"}
    )
