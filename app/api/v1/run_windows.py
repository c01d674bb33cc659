"""The windows of a run: what the model read, so that its numbers can be computed again."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import SPLIT, Cursor, Limit, RunId
from app.dependencies import ReadSession
from app.store.queries import window as windows
from app.store.views.base import Page
from app.store.views.window import WindowView

router = APIRouter(prefix="/api/v1/runs", tags=["runs"], responses=problems_of(404))


@router.get(
    "/{run_id}/windows", response_model=Page[WindowView], summary="List the windows of a run"
)
def list_windows(
    request: Request,
    session: ReadSession,
    run_id: RunId,
    split: Annotated[
        str | None,
        Query(description="Only of this split.", pattern=SPLIT, examples=["test"]),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Token ids and texts, with the document and the place in it; in order of their numbers."""
    page = windows.list_windows(session, run_id=run_id, split=split, limit=limit, cursor=cursor)
    return answer(request, page)
