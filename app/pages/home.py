"""`/`: what is here and what is running."""

from fastapi import APIRouter, Request, Response

from app.dependencies import ReadSession
from app.rendering.answers import respond
from app.store.queries.corpus import list_corpora
from app.store.queries.job import list_jobs
from app.store.queries.model import list_models

router = APIRouter()


@router.get("/")
def show_home(request: Request, session: ReadSession) -> Response:
    context = {
        "models": list_models(session),
        "corpora": list_corpora(session),
        "running": list_jobs(session, status="running", limit=10).items,
        "queued": list_jobs(session, status="queued", limit=10).items,
    }
    return respond(request, "home/page.html", context)
