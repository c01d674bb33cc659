"""`…/comments` of units, explanations and circuits, and each comment: said, edited, withdrawn."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import Actor, CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.fields import RowId, blank_to_none
from app.pages.around import places_of, talk_about
from app.pages.choosing import AskedRun
from app.pages.explanation import HERE, Index, Number, check_place
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond, target_of
from app.store.commenting import comment, edit_comment, withdraw_comment
from app.store.paging import write_cursor
from app.store.queries.comment import (
    SORT,
    THREADS,
    count_later,
    get_comment,
    require_shown,
)
from app.store.queries.explanation import get_explanation
from app.store.topics import Topic, circuit_topic, explanation_topic, named_topic, unit_topic
from app.store.views.comment import LONGEST_COMMENT, CommentView

router = APIRouter()

UNIT = "/m/{model}/{site}/{index}/comments"
EXPLANATION = HERE + "/{number}/comments"
CIRCUIT = "/m/{model}/circuits/{slug}/comments"
Cursor = Annotated[str | None, Query(max_length=500)]


class CommentForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str = Field(max_length=2 * LONGEST_COMMENT)
    """Browsers send each line end as two characters."""
    thread: Annotated[int | None, BeforeValidator(blank_to_none), Field(ge=1)] = None


@router.get(CIRCUIT)
def show_circuit_comments(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    slug: str,
    cursor: Cursor = None,
) -> Response:
    topic = circuit_topic(session, model=model, slug=slug)
    return _shown(request, session, actor, topic, cursor=cursor)


@router.post(CIRCUIT)
def comment_on_circuit(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    model: str,
    slug: str,
    form: Annotated[CommentForm, Form()],
) -> Response:
    topic = circuit_topic(session, model=model, slug=slug)
    return _said(request, session, actor, topic, form)


@router.get(EXPLANATION)
def show_explanation_comments(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    number: Number,
    cursor: Cursor = None,
    run: AskedRun = None,
) -> Response:
    topic = _explanation(session, model, site, index, number)
    return _shown(request, session, actor, topic, run=run, cursor=cursor)


@router.post(EXPLANATION)
def comment_on_explanation(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    number: Number,
    form: Annotated[CommentForm, Form()],
    run: AskedRun = None,
) -> Response:
    topic = _explanation(session, model, site, index, number)
    return _said(request, session, actor, topic, form, run=run)


@router.get(UNIT)
def show_unit_comments(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    cursor: Cursor = None,
    run: AskedRun = None,
) -> Response:
    topic = unit_topic(session, model=model, site=site, index=index)
    return _shown(request, session, actor, topic, run=run, cursor=cursor)


@router.post(UNIT)
def comment_on_unit(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    form: Annotated[CommentForm, Form()],
    run: AskedRun = None,
) -> Response:
    topic = unit_topic(session, model=model, site=site, index=index)
    return _said(request, session, actor, topic, form, run=run)


@router.get("/comments/{comment_id}")
def show_comment(session: ReadSession, actor: CurrentActor, comment_id: RowId) -> Response:
    """Leads to where it stands."""
    view = get_comment(session, comment_id=comment_id)
    may_judge = actor.could_be_asked(view.model)
    require_shown(session, view, actor=actor.name, may_judge=may_judge)
    topic = _topic_of(session, view)
    _, page, here = places_of(topic)
    thread = view.parent_id or view.id
    if count_later(session, topic, thread) >= THREADS:
        page = f"{here}?cursor={write_cursor(SORT, None, thread + 1)}"
    return RedirectResponse(f"{page}#comment-{view.id}", status_code=303)


@router.post("/comments/{comment_id}/edit")
def edit(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    comment_id: RowId,
    form: Annotated[CommentForm, Form()],
) -> Response:
    view = edit_comment(session, comment_id=comment_id, text=form.text, actor=actor.name)
    return _answered(request, session, actor, view)


@router.post("/comments/{comment_id}/withdraw")
def withdraw(
    request: Request, session: WriteSession, actor: CurrentActor, comment_id: RowId
) -> Response:
    view = withdraw_comment(session, comment_id=comment_id, actor=actor.name)
    return _answered(request, session, actor, view)


def _said(
    request: Request,
    session: Session,
    actor: Actor,
    topic: Topic,
    form: CommentForm,
    *,
    run: int | None = None,
) -> Response:
    view = comment(session, topic, text=form.text, actor=actor.name, parent_id=form.thread)
    if target_of(request).startswith("talk_"):
        return _shown(request, session, actor, topic, run=run)
    return RedirectResponse(f"{places_of(topic, run)[1]}#comment-{view.id}", status_code=303)


def _answered(request: Request, session: Session, actor: Actor, view: CommentView) -> Response:
    topic = _topic_of(session, view)
    if target_of(request).startswith("talk_"):
        return _shown(request, session, actor, topic)
    return RedirectResponse(f"{places_of(topic)[1]}#comment-{view.id}", status_code=303)


def _shown(
    request: Request,
    session: Session,
    actor: Actor,
    topic: Topic,
    *,
    run: int | None = None,
    cursor: str | None = None,
) -> Response:
    context = {
        "talk": talk_about(session, actor, topic, run=run, cursor=cursor),
        "pages": ModelPages(topic.model, run),
    }
    threads = {
        f"talk_{kind}": "comment/threads.html" for kind in ("unit", "explanation", "circuit")
    }
    return respond(request, "comment/page.html", context, fragments=threads)


def _explanation(session: Session, model: str, site: str, index: int, number: int) -> Topic:
    check_place(get_explanation(session, explanation_id=number), model, site, index)
    return explanation_topic(session, explanation_id=number)


def _topic_of(session: Session, view: CommentView) -> Topic:
    return named_topic(
        session,
        model=view.model,
        site=view.site,
        index=view.index,
        explanation_id=view.explanation_id,
        circuit=view.circuit,
    )
