"""`/runs/{id}`: where numbers come from, and the command that makes them again."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.dependencies import ReadSession
from app.rendering.answers import respond
from app.store.queries.run import get_run, list_artifacts

router = APIRouter()


@router.get("/runs/{run_id}")
def show_run(
    request: Request, session: ReadSession, run_id: Annotated[int, Path(ge=0, le=2**63 - 1)]
) -> Response:
    context = {
        "run": get_run(session, run_id=run_id),
        "artifacts": list_artifacts(session, run_id=run_id),
    }
    return respond(request, "run/page.html", context)
