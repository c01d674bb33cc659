"""What happens to a job, as server-sent events: replayed from the event table, then live.

Each event carries its row's id, so that a client that reconnects with `Last-Event-ID` (browsers
do it by themselves) misses and repeats nothing. The table is polled in a worker thread with a
session of its own, the event loop never waits for the database; comments keep the connection
alive; the stream ends once the job has ended, or when the client leaves.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import Engine

from app.api.describing import problems_of
from app.api.parameters import LARGEST, JobId
from app.dependencies import ReadSession, StoreEngine
from app.store.ending import ENDED
from app.store.engine import open_session
from app.store.queries import job as jobs
from app.store.views.job import JobEventView, JobView

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], responses=problems_of(404))

POLL_SECONDS: Final = 0.25


def find_job(session: ReadSession, job_id: JobId) -> JobView:
    """Before the stream starts, so that a missing job is a 404 and no broken stream."""
    return jobs.get_job(session, job_id=job_id)


@router.get(
    "/{job_id}/events",
    response_class=EventSourceResponse,
    summary="Watch a job (server-sent events)",
)
async def watch_job(
    engine: StoreEngine,
    job: Annotated[JobView, Depends(find_job)],
    after: Annotated[
        int, Query(description="Only events after this id.", ge=0, le=LARGEST, examples=[0])
    ] = 0,
    last_event_id: Annotated[
        int,
        Header(
            description="As `after`; browsers send it when they reconnect. The larger one counts.",
            ge=0,
            le=LARGEST,
            examples=[17],
        ),
    ] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Events in order: `queued`, `started`, `progress`, `published`, …; the stream ends with the
    job."""
    position = max(after, last_event_id)
    while True:
        events, ended = await to_thread.run_sync(_read, engine, job.id, position)
        for event in events:
            position = event.id
            yield ServerSentEvent(data=event, event=event.kind, id=str(event.id))
        if ended and not events:
            return
        if not events:
            await anyio.sleep(POLL_SECONDS)


def _read(engine: Engine, job_id: str, after: int) -> tuple[list[JobEventView], bool]:
    """The next events, and whether the job had ended before they were read: none can follow."""
    with open_session(engine) as session:
        ended = jobs.get_job(session, job_id=job_id).status in ENDED
        return jobs.list_events(session, job_id=job_id, after=after), ended
