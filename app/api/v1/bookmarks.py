"""One's own bookmarks: listed, made, removed."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.discussing import BookmarkBody, BookmarkId, OfModel
from app.api.parameters import Cursor, Limit
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.store.bookmarking import bookmark, remove_bookmark
from app.store.queries import bookmark as bookmarks
from app.store.topics import named_topic
from app.store.views.base import Page
from app.store.views.bookmark import BookmarkView
from app.store.views.deleted import DeletedView

router = APIRouter(prefix="/api/v1/bookmarks", tags=["people"], responses=problems_of(404))


@router.get("", response_model=Page[BookmarkView], summary="List your bookmarks")
def list_bookmarks(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: OfModel = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first. Nobody else sees them."""
    page = bookmarks.list_bookmarks(
        session, actor=actor.name, sees=actor.sees, model=model, limit=limit, cursor=cursor
    )
    return answer(request, page)


@router.post("", summary="Mark something", responses=problems_of(400, 403, 413))
def put_bookmark(
    session: WriteSession,
    actor: CurrentActor,
    body: Annotated[BookmarkBody, Body(description="What to find again.")],
) -> BookmarkView:
    """A unit, an explanation or a circuit; what is marked already stays so, and gets the note."""
    topic = named_topic(
        session,
        model=body.model,
        site=body.site,
        index=body.index,
        explanation_id=body.explanation_id,
        circuit=body.circuit,
    )
    return bookmark(session, topic, actor=actor.name, note_text=body.note)


@router.delete("/{bookmark_id}", summary="Remove a bookmark", responses=problems_of(403))
def delete_bookmark(
    session: WriteSession, actor: CurrentActor, bookmark_id: BookmarkId
) -> DeletedView:
    """Your own."""
    remove_bookmark(session, bookmark_id=bookmark_id, actor=actor.name)
    return DeletedView(deleted=str(bookmark_id))
