"""Jobs: ask a worker for something durable, look at it, cancel it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import NAME, Cursor, JobId, Limit
from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ReadSession, WriteSession
from app.store.queries import job as jobs
from app.store.queries.waiting import told_to
from app.store.requests import JobRequest
from app.store.views.base import Page
from app.store.views.job import JobRow, JobView

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.get("", response_model=Page[JobRow], summary="List the jobs", responses=problems_of(404))
def list_jobs(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    status: Annotated[
        Literal["queued", "running", "succeeded", "failed", "cancelled"] | None,
        Query(description="Only jobs in this state.", examples=["running"]),
    ] = None,
    model: Annotated[
        str | None,
        Query(description="Only of this model.", pattern=NAME, examples=["smollm2-135m-instruct"]),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Jobs, newest first; `GET /api/v1/jobs/{job_id}` has the request and the traceback."""
    page = jobs.list_jobs(
        session, status=status, model=model, models=actor.sees, limit=limit, cursor=cursor
    )
    return answer(request, page)


@router.post(
    "",
    status_code=201,
    summary="Ask for a job",
    responses=problems_of(400, 403, 404, 409, 413, 429),
)
def create_job(
    response: Response,
    session: WriteSession,
    settings: AppSettings,
    actor: CurrentActor,
    job: Annotated[
        JobRequest,
        Body(
            description="What a worker should do; `kind` says which request it is.",
            examples=[{"kind": "sweep", "model": "smollm2-135m-instruct", "corpus": "starter"}],
        ),
    ],
) -> JobView:
    """Queue a sweep, output or relate job; `Location` names it, a worker takes it when free."""
    view = jobs.create_job(
        session, request=job, actor=actor.name, most_queued=settings.most_queued_jobs
    )
    response.headers["Location"] = f"/api/v1/jobs/{view.id}"
    return told_to(view, models=actor.sees)


@router.get("/{job_id}", response_model=JobView, summary="Get one job", responses=problems_of(404))
def get_job(request: Request, session: ReadSession, actor: CurrentActor, job_id: JobId) -> Response:
    """State, progress, result; for a failed job the reason and the traceback."""
    return answer(request, told_to(jobs.get_job(session, job_id=job_id), models=actor.sees))


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    summary="Cancel a job",
    responses=problems_of(400, 403, 404, 409),
)
def cancel_job(session: WriteSession, actor: CurrentActor, job_id: JobId) -> JobView:
    """Ask the job's worker to stop; it does within a batch. What is stored so far stays."""
    view = jobs.request_cancel(session, job_id=job_id, actor=actor.name)
    return told_to(view, models=actor.sees)
