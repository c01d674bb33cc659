"""What happened around a model."""

from fastapi import APIRouter, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.discussing import Kinds
from app.api.keeping import OfActor
from app.api.parameters import Cursor, Limit, ModelName
from app.dependencies import ReadSession
from app.store.queries import activity
from app.store.views.activity import ActivityLine
from app.store.views.base import Page

router = APIRouter(prefix="/api/v1/models/{model}", tags=["people"], responses=problems_of(404))


@router.get(
    "/activity", response_model=Page[ActivityLine], summary="Get what happened around a model"
)
def list_activity(
    request: Request,
    session: ReadSession,
    model: ModelName,
    kind: Kinds = [],  # noqa: B006 - FastAPI copies it
    actor: OfActor = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first: who explained, judged, commented, voted, decided, made circuits and
    experiments. Not what a verdict or a vote was, which has its own place and its own rules."""
    page = activity.list_activity(
        session, model=model, kinds=kind, actor=actor, limit=limit, cursor=cursor
    )
    return answer(request, page)
