"""`/inbox`: who named the reader, replied to them, or decided about what they wrote."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.auth.actor import Actor, CurrentActor
from app.auth.rights import Right
from app.dependencies import ReadSession, WriteSession
from app.rendering.answers import respond
from app.store.noticing import mark_read
from app.store.queries.campaign import campaigns_with_work_for
from app.store.queries.news import newest_news
from app.store.queries.notice import count_unread, inbox_of
from app.store.views.campaign import CampaignLine

router = APIRouter()


@router.get("/inbox")
def show_inbox(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    unread: bool = False,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    after = newest_news(session)
    inbox = inbox_of(
        session,
        recipient=actor.name,
        sees=actor.sees,
        may_judge=actor.could_be_asked,
        unread=unread,
        cursor=cursor,
    )
    context = {"inbox": inbox, "unread": unread, "after": after, "work": work_for(session, actor)}
    return respond(request, "notice/list.html", context)


def work_for(session: Session, actor: Actor) -> list[CampaignLine]:
    """Campaigns that have an item for this person."""
    found = campaigns_with_work_for(session, actor=actor.name, models=actor.sees)
    return [line for line in found if actor.may(Right.ANNOTATE, line.model)]


@router.get("/inbox/count")
def show_count(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """For the head of every page."""
    n = count_unread(session, recipient=actor.name, sees=actor.sees)
    return respond(request, "notice/count.html", {"n_unread": n})


@router.post("/inbox/read")
def read_notices(
    session: WriteSession,
    actor: CurrentActor,
    notice: Annotated[int | None, Form(ge=1, le=2**31 - 1)] = None,
) -> RedirectResponse:
    """One, or all."""
    mark_read(session, recipient=actor.name, ids=None if notice is None else [notice])
    return RedirectResponse("/inbox", status_code=303)
