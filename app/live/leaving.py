"""Handlers that ask the loaded model end when whoever asked has left.

Ending one closes its connection to the inference service, which then stops computing. Streams need
this only until they begin: from then on their response notices by itself.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import Depends, Request

from app.errors import LeftError


async def end_when_left(request: Request) -> AsyncIterator[None]:
    """Around a handler, which holds no session of the store while it asks. LeftError: its reader
    has left; what had been given to another thread was done all the same."""
    with anyio.CancelScope() as scope:
        watcher = asyncio.create_task(_watch(request, scope))
        try:
            yield
        finally:
            watcher.cancel()
            with anyio.CancelScope(shield=True):
                # nobody else may wait for messages while it does; a body that nobody reads
                # may be too large
                await asyncio.gather(watcher, return_exceptions=True)
    if scope.cancelled_caught:
        raise LeftError("Whoever asked has left before the answer was there.")


async def _watch(request: Request, scope: anyio.CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # what is left of a body that was not asked for
    scope.cancel()


EndsWhenLeft = Annotated[None, Depends(end_when_left, scope="function")]
