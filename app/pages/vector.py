"""`/m/{model}/vectors`: directions of its residual stream that somebody keeps, to steer with."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import ReadSession
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.queries.vector import list_vectors

router = APIRouter()


@router.get("/m/{model}/vectors")
def show_vectors(
    request: Request,
    session: ReadSession,
    model: str,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    context = {
        "pages": ModelPages(model),
        "page": list_vectors(session, model=model, cursor=cursor),
    }
    return respond(request, "vector/page.html", context)
