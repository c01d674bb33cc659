"""What happens to a job, as server-sent events: replayed from the event table, then live.

Each event carries its row's id, so that a client that reconnects with `Last-Event-ID` (browsers
do it by themselves) misses and repeats nothing. Comments keep the connection alive; the stream ends
once the job has ended, or when the client leaves.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.describing import problems_of
from app.api.parameters import LARGEST, JobId
from app.api.streams import EventStreams, Feed
from app.dependencies import ReadSession, StoreEngine
from app.store.queries import job as jobs
from app.store.views.job import JobView

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], responses=problems_of(404, 429))


@dataclass(frozen=True)
class Watched:
    feed: Feed
    position: int


def find_job(session: ReadSession, job_id: JobId) -> JobView:
    """Before the stream starts, so that a missing job is a 404 and no broken stream."""
    return jobs.get_job(session, job_id=job_id)


def find_newest(session: ReadSession, job: Annotated[JobView, Depends(find_job)]) -> int:
    return jobs.newest_event(session, job_id=job.id)


async def take_place(
    request: Request,
    engine: StoreEngine,
    job: Annotated[JobView, Depends(find_job)],
    newest: Annotated[int, Depends(find_newest)],
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
) -> AsyncIterator[Watched]:
    """A place among the watchers, given back once the answer is over, however it ends."""
    streams: EventStreams = request.app.state.streams
    position = max(after, last_event_id)
    with streams.watch(engine, job.id, min(position, newest)) as feed:
        yield Watched(feed, position)


@router.get(
    "/{job_id}/events",  # noqa: FAST003 - `find_job` takes it
    response_class=EventSourceResponse,
    summary="Watch a job (server-sent events)",
)
async def watch_job(
    watched: Annotated[Watched, Depends(take_place)],
) -> AsyncIterator[ServerSentEvent]:
    """Events in order: `queued`, `started`, `progress`, `published`, …; the stream ends with the
    job."""
    async for event in watched.feed.follow(watched.position):
        yield ServerSentEvent(data=event, event=event.kind, id=str(event.id))
