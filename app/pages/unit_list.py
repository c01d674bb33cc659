"""`/lists` and each list: units that somebody put together."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.auth.listing import ListReader
from app.dependencies import ReadSession
from app.rendering.answers import respond
from app.store.queries.unit_list import get_unit_list, list_unit_lists

router = APIRouter()


@router.get("/lists")
def show_lists(
    request: Request,
    session: ReadSession,
    reader: ListReader,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    page = list_unit_lists(session, reader=reader, cursor=cursor)
    return respond(request, "unit_list/list.html", {"page": page})


@router.get("/lists/{slug}")
def show_list(request: Request, session: ReadSession, reader: ListReader, slug: str) -> Response:
    found = get_unit_list(session, slug=slug, reader=reader)
    return respond(request, "unit_list/page.html", {"list": found})
