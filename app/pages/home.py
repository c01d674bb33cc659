"""`/`: what is here, what is running, and what to do next."""

from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ReadSession
from app.rendering.answers import respond
from app.store.queries.corpus import list_corpora
from app.store.queries.job import list_jobs, list_living_workers
from app.store.queries.model import list_models
from app.store.views.corpus import CorpusView
from app.store.views.job import JobRow
from app.store.views.model import ModelView

router = APIRouter()

DEMO: Final = "prepare_demo"
Step = Literal[
    "begin", "prepare", "start a worker", "wait", "add a model", "add a corpus", "sweep", "read"
]


@router.get("/")
def show_home(
    request: Request, session: ReadSession, settings: AppSettings, actor: CurrentActor
) -> Response:
    context = gather(session, models=actor.sees, lease_seconds=settings.lease_seconds)
    return respond(request, "home/page.html", context)


def gather(
    session: Session, *, models: frozenset[str] | None, lease_seconds: float
) -> dict[str, object]:
    """`models`: of which alone anything is shown."""
    found, corpora = list_models(session, models=models), list_corpora(session, models=models)
    running = list_jobs(session, models=models, status="running", limit=10).items
    queued = list_jobs(session, models=models, status="queued", limit=10).items
    awake = bool(list_living_workers(session, lease_seconds=lease_seconds))
    newest = list_jobs(session, models=models, limit=1).items
    return {
        "models": found,
        "corpora": corpora,
        "running": running,
        "queued": queued,
        "step": next_step(found, corpora, [*running, *queued], awake=awake),
        "preparing": find_preparation([*running, *queued]),
        "unswept": [model for model in found if model.current_run_id is None],
        "shown": next((model for model in found if model.current_run_id is not None), None),
        "failed": next((job for job in newest if job.status == "failed"), None),
    }


def next_step(
    models: list[ModelView], corpora: list[CorpusView], jobs: list[JobRow], *, awake: bool
) -> Step:
    """What brings somebody further who has just this; `jobs` run or wait."""
    if find_preparation(jobs):
        return "prepare"
    if jobs:
        return "wait" if awake else "start a worker"
    if not models:
        return "add a model" if corpora else "begin"
    if any(model.current_run_id is not None for model in models):
        return "read"
    return "sweep" if corpora else "add a corpus"


def find_preparation(jobs: list[JobRow]) -> JobRow | None:
    """The job that brings model, corpus and sweep of the demo."""
    return next((job for job in jobs if job.kind == DEMO), None)
