"""`/runs/{id}`: where numbers come from, where they are shown, how to make them again."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.queries import circuit as circuits
from app.store.queries import experiment as experiments
from app.store.queries.model import get_model
from app.store.queries.run import get_run, list_artifacts
from app.store.showing import choose_shown

router = APIRouter()

OF_NO_SWEEP: Final = ("experiment", "circuit")
"""Kinds of runs whose numbers stand beside those of none."""
RunId = Annotated[int, Path(ge=0, le=2**63 - 1)]


@router.get("/runs/{run_id}")
def show_run(request: Request, session: ReadSession, run_id: RunId) -> Response:
    run = get_run(session, run_id=run_id)
    current = get_model(session, name=run.model).current_run_id
    beside = run.id if run.of_run_id is None else run.of_run_id
    sweep = None if run.kind in OF_NO_SWEEP or beside == current else beside
    context = {
        "run": run,
        "is_current": run.id == current,
        "experiment": experiments.find_of_run(session, run_id=run_id),
        "circuit": circuits.find_of_run(session, run_id=run_id),
        "pages": ModelPages(run.model, sweep),
        "artifacts": list_artifacts(session, run_id=run_id),
    }
    return respond(request, "run/page.html", context)


@router.post("/runs/{run_id}/show")
def show_by_default(session: WriteSession, actor: CurrentActor, run_id: RunId) -> RedirectResponse:
    run = choose_shown(session, run_id=run_id, actor=actor.name)
    return RedirectResponse(ModelPages(run.model).front(), status_code=303)
