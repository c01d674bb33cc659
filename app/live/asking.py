"""How handlers get at the loaded model, and how they pass on what it streams.

A stream's first message is waited for before the answer begins: what is wrong with a question is a
problem with a status, and not a broken stream. When the reader leaves, handler or stream is ended,
and with it the connection to the service, which then stops computing.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Annotated

import structlog
from fastapi import Depends
from fastapi.sse import format_sse_event
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from app.dependencies import AppSettings, Inference, StoreEngine, StoreWriter
from app.errors import PatchclampError
from app.live.experiment import Laboratory
from app.live.leaving import EndsWhenLeft

log = structlog.get_logger("patchclamp.web")


async def get_laboratory(
    inference: Inference,
    engine: StoreEngine,
    writer: StoreWriter,
    settings: AppSettings,
    left: EndsWhenLeft,  # noqa: ARG001 - ends the handler
) -> Laboratory:
    return Laboratory(inference, engine, writer, settings.data, settings.most_experiments)


Lab = Annotated[Laboratory, Depends(get_laboratory)]


class StreamProblem(BaseModel):
    """The last event of a stream that could not go on."""

    detail: str
    hint: str | None


async def stream_events(
    messages: AsyncGenerator[BaseModel, None], names: Mapping[type[BaseModel], str]
) -> StreamingResponse:
    """Server-sent events, one per message; `names` says what each kind is called."""
    try:
        first = await anext(messages)
    except StopAsyncIteration:
        raise PatchclampError("The stream ended before it began.") from None

    async def write() -> AsyncIterator[bytes]:
        async with aclosing(messages):
            try:
                yield _event(names[type(first)], first)
                async for message in messages:
                    yield _event(names[type(message)], message)
            except PatchclampError as error:
                log.warning("stream.broken", reason=error.detail)
                yield _event("problem", StreamProblem(detail=error.public, hint=error.hint))

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(write(), media_type="text/event-stream", headers=headers)


def _event(name: str, message: BaseModel) -> bytes:
    return format_sse_event(event=name, data_str=message.model_dump_json())
