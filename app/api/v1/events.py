"""What others do, as server-sent events: that something changed, and where; never what it says.

Each event carries the id of its row of the log, so that a client that reconnects with
`Last-Event-ID` (browsers do it by themselves) misses nothing. Whoever is told fetches what changed
with their own rights, so nothing leaks to whom it is withheld from.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.describing import problems_of
from app.api.parameters import LARGEST, NAME
from app.api.watching import Wanted, Watcher, Watching
from app.auth.actor import CurrentActor

router = APIRouter(prefix="/api/v1", tags=["people"], responses=problems_of(429))


async def get_wanted(
    model: Annotated[
        str | None,
        Query(
            description="Tell what happens around this model; without, only of one's own inbox.",
            pattern=NAME,
            examples=["smollm2-135m-instruct"],
        ),
    ] = None,
    site: Annotated[
        str | None,
        Query(description="Only of units of this site.", pattern=NAME, examples=["mlp.12"]),
    ] = None,
    index: Annotated[
        int | None,
        Query(description="Only of units of this index.", ge=0, le=LARGEST, examples=[345]),
    ] = None,
    circuit: Annotated[
        str | None,
        Query(description="Only of this circuit.", pattern=NAME, examples=["names"]),
    ] = None,
) -> Wanted:
    return Wanted(model, site, index, circuit)


async def take_place(
    request: Request,
    actor: CurrentActor,
    wanted: Annotated[Wanted, Depends(get_wanted)],
    after: Annotated[
        int | None,
        Query(
            description="Only what came after this id; without, what comes from now on.",
            ge=0,
            le=LARGEST,
            examples=[0],
        ),
    ] = None,
    last_event_id: Annotated[
        int,
        Header(
            description="As `after`; browsers send it when they reconnect. The larger one counts.",
            ge=0,
            le=LARGEST,
            examples=[17],
        ),
    ] = 0,
) -> AsyncIterator[Watcher]:
    """A place among those who watch, given back once the answer is over, however it ends."""
    watching: Watching = request.app.state.watching
    known = max(after or 0, last_event_id)
    position = known if after is not None or last_event_id else None
    async with watching.watch(actor, wanted, after=position) as watcher:
        yield watcher


@router.get(
    "/events",
    response_class=EventSourceResponse,
    summary="Watch what others do (server-sent events)",
    responses=problems_of(404),
)
async def watch_news(
    watcher: Annotated[Watcher, Depends(take_place)],
) -> AsyncIterator[ServerSentEvent]:
    """`comments`, `votes`, `judgements`, `decisions`, `explanations`, `circuits`, `campaigns`,
    `inbox`: these changed; `everything`: more did than is told. The stream ends when whoever
    watches may not any more."""
    async for number, view in watcher.follow():
        yield ServerSentEvent(data=view, event=view.kind, id=str(number))
