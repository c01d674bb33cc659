"""`/jobs` and `/jobs/{id}`: what runs, what waits, what failed and why; start and cancel."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ReadSession, WriteSession
from app.rendering.answers import respond
from app.store.queries.corpus import list_corpora
from app.store.queries.job import (
    create_job,
    get_job,
    list_events,
    list_jobs,
    list_living_workers,
    request_cancel,
)
from app.store.queries.model import list_models
from app.store.queries.waiting import told_to
from app.store.request_fields import Dtype, Name
from app.store.requests import SweepRequest

router = APIRouter()

ACTIVE: Final = ("queued", "running")


class SweepForm(BaseModel):
    """What a person chooses; everything else keeps its default."""

    model_config = ConfigDict(extra="ignore")

    model: Name
    corpus: Name
    window_length: int = Field(default=128, ge=4, le=8192)
    batch_size: int = Field(default=16, ge=1, le=4096)
    dtype: Dtype = "auto"
    seed: int = Field(default=0, ge=0, le=2**63 - 1)

    def request(self) -> SweepRequest:
        return SweepRequest(**self.model_dump())


@router.get("/jobs")
def show_jobs(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    status: Annotated[str | None, Query(max_length=20)] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    seen = actor.sees
    page = list_jobs(session, status=status or None, models=seen, cursor=cursor, limit=50)
    context = {
        "page": page,
        "active": any(job.status in ACTIVE for job in page.items),
        "status": status or None,
        "models": list_models(session, models=seen),
        "corpora": list_corpora(session, models=seen),
        "defaults": SweepForm.model_construct(model="", corpus=""),
    }
    return respond(request, "job/list.html", context)


@router.post("/jobs")
def start_sweep(
    session: WriteSession,
    settings: AppSettings,
    actor: CurrentActor,
    form: Annotated[SweepForm, Form()],
) -> RedirectResponse:
    job = create_job(
        session,
        request=form.request(),
        actor=actor.name,
        most_queued=settings.most_queued_jobs,
    )
    return RedirectResponse(f"/jobs/{job.id}", status_code=303)


@router.get("/jobs/running")
def count_running(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """The quiet count in every page's header."""
    running = list_jobs(session, status="running", models=actor.sees, limit=50).items
    return respond(request, "job/running.html", {"running": running})


@router.get("/jobs/{job_id}")
def show_job(
    request: Request, session: ReadSession, settings: AppSettings, actor: CurrentActor, job_id: str
) -> Response:
    context = {
        "job": told_to(get_job(session, job_id=job_id), models=actor.sees),
        "events": list_events(session, job_id=job_id, limit=500),
        "workers": bool(list_living_workers(session, lease_seconds=settings.lease_seconds)),
    }
    return respond(request, "job/page.html", context)


@router.post("/jobs/{job_id}/cancel")
def cancel_job(session: WriteSession, actor: CurrentActor, job_id: str) -> RedirectResponse:
    request_cancel(session, job_id=job_id, actor=actor.name)
    return RedirectResponse(f"/jobs/{job_id}", status_code=303)
