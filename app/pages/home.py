"""`/`: what is here and what is running."""

from typing import Final

from fastapi import APIRouter, Request, Response

from app.dependencies import ReadSession
from app.rendering.answers import respond
from app.store.queries.corpus import list_corpora
from app.store.queries.job import list_jobs
from app.store.queries.model import list_models

router = APIRouter()

DEMO: Final = "prepare_demo"


@router.get("/")
def show_home(request: Request, session: ReadSession) -> Response:
    running = list_jobs(session, status="running", limit=10).items
    queued = list_jobs(session, status="queued", limit=10).items
    newest = list_jobs(session, limit=1).items
    context = {
        "models": list_models(session),
        "corpora": list_corpora(session),
        "running": running,
        "queued": queued,
        "preparing": next((job for job in running + queued if job.kind == DEMO), None),
        "failed": next((job for job in newest if (job.kind, job.status) == (DEMO, "failed")), None),
    }
    return respond(request, "home/page.html", context)
