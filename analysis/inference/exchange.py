"""One HTTP request and its answer, as plain ASGI: nothing stands between us and the connection.

Frameworks hide when a caller leaves while an answer is computed; here it is what ends the ticket.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from analysis.inference.refusing import STATUS, refused
from analysis.inference.ticket import Ticket
from analysis.protocol.refusals import Refusal

JSON: Final = b"application/json"
BODY_SECONDS: Final = 60.0


class Gone(Exception):  # noqa: N818 - nobody is left to be told
    """The caller left before the request was there in whole."""


class Exchange:
    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.parameters: dict[str, str] = scope.get("path_params", {})
        self.begun = False
        """The status is sent."""

    async def body(self, most: int) -> bytes:
        """The whole body. Refused: it is larger than `most`. Gone: the caller left, or took a
        minute for it."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._body(most)
        except TimeoutError:
            raise Gone from None

    async def _body(self, most: int) -> bytes:
        parts, size = [], 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Gone
            part = message.get("body", b"")
            size += len(part)
            if size > most:
                raise refused(
                    "too_large",
                    f"The request is larger than the {most:,} bytes that are taken.",
                    hint="Send less at once.",
                )
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    @asynccontextmanager
    async def watched(self, ticket: Ticket) -> AsyncIterator[None]:
        """Ends the ticket when the caller leaves; for after the body was read."""

        async def watch() -> None:
            while (await self._receive())["type"] != "http.disconnect":
                pass
            ticket.end(Refusal(reason="cancelled", detail="Whoever asked has left."))

        watching = asyncio.create_task(watch())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def answer(self, body: bytes, *, status: int = 200, media_type: bytes = JSON) -> None:
        await self.begin(status, media_type, length=len(body))
        await self._send({"type": "http.response.body", "body": body})

    async def say(self, message: BaseModel) -> None:
        await self.answer(message.model_dump_json().encode())

    async def refuse(self, refusal: Refusal) -> None:
        more = {}
        if refusal.retry_after is not None:
            more = {b"retry-after": str(refusal.retry_after).encode()}
        body = refusal.model_dump_json().encode()
        await self.begin(STATUS[refusal.reason], JSON, length=len(body), more=more)
        await self._send({"type": "http.response.body", "body": body})

    async def begin(
        self,
        status: int,
        media_type: bytes,
        *,
        length: int | None = None,
        more: dict[bytes, bytes] | None = None,
    ) -> None:
        headers = {b"content-type": media_type, b"cache-control": b"no-store"} | (more or {})
        if length is not None:
            headers[b"content-length"] = str(length).encode()
        self.begun = True
        await self._send(
            {"type": "http.response.start", "status": status, "headers": list(headers.items())}
        )

    async def go_on(self, body: bytes, *, seconds: float) -> None:
        """One more part of an answer whose length was not told. Gone: nobody took it in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._send({"type": "http.response.body", "body": body, "more_body": True})
        except TimeoutError:
            raise Gone from None

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})
