"""Runs: the provenance of every number, and the files that they left."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import NAME, Cursor, Limit, RunId
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, WriteSession
from app.store.queries import run as runs
from app.store.showing import choose_shown
from app.store.views.base import Page
from app.store.views.run import ArtifactView, RunView

router = APIRouter(prefix="/api/v1/runs", tags=["runs"], responses=problems_of(404))


@router.get("", response_model=Page[RunView], summary="List the runs")
def list_runs(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: Annotated[
        str | None,
        Query(description="Only of this model.", pattern=NAME, examples=["smollm2-135m-instruct"]),
    ] = None,
    kind: Annotated[
        Literal[
            "sweep", "output", "relate", "explain", "score", "evidence", "experiment", "circuit"
        ]
        | None,
        Query(description="Only of this kind.", examples=["sweep"]),
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Executions of methods, newest first. Those of experiments only where `kind` asks for them:
    `GET /api/v1/models/{model}/experiments` lists experiments."""
    page = runs.list_runs(
        session, model=model, kind=kind, models=actor.sees, limit=limit, cursor=cursor
    )
    return answer(request, page)


@router.get("/{run_id}", response_model=RunView, summary="Get one run")
def get_run(request: Request, session: ReadSession, run_id: RunId) -> Response:
    """Hashes, method, parameters, seed, code, machine, duration, and the command to repeat it."""
    return answer(request, runs.get_run(session, run_id=run_id))


@router.post(
    "/{run_id}/show", summary="Show a sweep by default", responses=problems_of(400, 403, 409)
)
def show_run(session: WriteSession, actor: CurrentActor, run_id: RunId) -> RunView:
    """Make a sweep the model's current run: what pages and answers are of where no run is asked
    for. It holds until another sweep of the model ends."""
    return choose_shown(session, run_id=run_id, actor=actor.name)


@router.get(
    "/{run_id}/artifacts", response_model=list[ArtifactView], summary="List a run's artifacts"
)
def list_artifacts(request: Request, session: ReadSession, run_id: RunId) -> Response:
    """The arrays that the run left as files, with shape, type and checksum."""
    return answer(request, runs.list_artifacts(session, run_id=run_id))
