"""One's own inbox: read, and marked as read."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from sqlalchemy.orm import Session

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.discussing import ReadBody, Unread
from app.api.parameters import Cursor, Limit
from app.auth.actor import Actor, CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.store.noticing import mark_read
from app.store.queries.notice import inbox_of
from app.store.views.notice import InboxView

router = APIRouter(prefix="/api/v1/inbox", tags=["people"], responses=problems_of())


@router.get("", response_model=InboxView, summary="Get your inbox")
def get_inbox(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    unread: Unread = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Who named you, replied to you, commented on or decided about what you wrote; newest first."""
    return answer(request, _shown(session, actor, unread, limit, cursor))


@router.post("/read", summary="Mark notices as read", responses=problems_of(400, 403, 413))
def read_notices(
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[ReadBody, Body(description="Which.")],
) -> InboxView:
    """What is unread still."""
    mark_read(session, recipient=actor.name, ids=body.ids)
    return _shown(session, actor, True, 50, None)


def _shown(
    session: Session, actor: Actor, unread: bool, limit: int, cursor: str | None
) -> InboxView:
    return inbox_of(
        session,
        recipient=actor.name,
        sees=actor.sees,
        may_judge=actor.could_be_asked,
        unread=unread,
        limit=limit,
        cursor=cursor,
    )
