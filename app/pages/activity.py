"""`/m/{model}/activity`: who did what with a model, newest first."""

from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import ReadSession
from app.errors import BadRequestError
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.queries.activity import list_activity
from app.store.views.activity import ActivityKind

router = APIRouter()

KINDS: tuple[ActivityKind, ...] = get_args(ActivityKind)


@router.get("/m/{model}/activity")
def show_activity(
    request: Request,
    session: ReadSession,
    model: str,
    kind: Annotated[str, Query(max_length=50)] = "",
    actor: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """`kind` and `actor`: empty means any."""
    chosen = [one for one in KINDS if one == kind]
    if kind and not chosen:
        raise BadRequestError(f"{kind!r} is no kind of activity.", hint=", ".join(KINDS))
    page = list_activity(session, model=model, kinds=chosen, actor=actor or None, cursor=cursor)
    context = {
        "pages": ModelPages(model),
        "model": model,
        "page": page,
        "kind": kind,
        "actor": actor,
        "kinds": KINDS,
    }
    return respond(request, "activity/page.html", context)
