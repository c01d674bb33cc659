"""`/runs/{id}`: where numbers come from, where they are shown, how to make them again."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.queries.experiment import find_of_run
from app.store.queries.model import get_model
from app.store.queries.run import get_run, list_artifacts
from app.store.showing import choose_shown

router = APIRouter()

RunId = Annotated[int, Path(ge=0, le=2**63 - 1)]


@router.get("/runs/{run_id}")
def show_run(request: Request, session: ReadSession, run_id: RunId) -> Response:
    run = get_run(session, run_id=run_id)
    current = get_model(session, name=run.model).current_run_id
    experiment = find_of_run(session, run_id=run_id)
    sweep = run.id if run.of_run_id is None else run.of_run_id
    context = {
        "run": run,
        "is_current": run.id == current,
        "experiment": experiment,
        "pages": ModelPages(run.model, None if experiment or sweep == current else sweep),
        "artifacts": list_artifacts(session, run_id=run_id),
    }
    return respond(request, "run/page.html", context)


@router.post("/runs/{run_id}/show")
def show_by_default(session: WriteSession, actor: CurrentActor, run_id: RunId) -> RedirectResponse:
    run = choose_shown(session, run_id=run_id, actor=actor.name)
    return RedirectResponse(ModelPages(run.model).front(), status_code=303)
