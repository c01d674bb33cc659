"""How a question reaches the inference service, and an answer comes back, or an error of ours."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Final, Literal, NamedTuple, TypeVar

import httpx
import numpy as np
from pydantic import BaseModel, ValidationError

from analysis.protocol import arrays, lines
from analysis.protocol.base import Message
from analysis.protocol.experiments import Ran
from analysis.protocol.refusals import Refusal
from app.inference import refusing

Answer = TypeVar("Answer", bound=BaseModel)
Supply = Callable[[str], Awaitable[np.ndarray]]
"""The array of a digest that a request names; asked only when the service does not have it."""

CONNECT_SECONDS: Final = 2.0
PROBE_SECONDS: Final = 1.0
MOST_CONNECTIONS: Final = 256
"""More than the service lets wait, so that it is the service that says when to come again."""
IDLE_SECONDS: Final = 30.0
OK: Final = 200


class State(NamedTuple):
    status: Literal["ok", "stuck", "down"]
    detail: str | None = None
    """On what it is stuck, as a sentence."""


class AnswerText(NamedTuple):
    """An answer that is passed on without being read."""

    text: bytes
    """JSON."""
    ran: Ran


class _Told(BaseModel):
    """Of any answer."""

    ran: Ran


class Connection:
    """Held by one application, on one event loop."""

    def __init__(self, url: str, secret: str | None, *, seconds: float) -> None:
        """`seconds` is the longest that the service may be silent. Without a secret every question
        is answered as if nothing ran."""
        self._secret = secret
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {secret}"} if secret else {},
            timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=IDLE_SECONDS),
            trust_env=False,  # it is no business of a proxy
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def state(self) -> State:
        """Whether it takes requests, as far as can be said within a second."""
        if not self._secret:
            return State("down")
        try:
            response = await self._http.get("/readyz", timeout=PROBE_SECONDS)
        except httpx.HTTPError:
            return State("down")
        return _state(response)

    async def get(self, path: str, kind: type[Answer]) -> Answer:
        with self._failures():
            response = await self._http.get(path)
        return _answer(response, kind)

    async def ask(
        self, operation: str, request: Message, kind: type[Answer], supply: Supply | None = None
    ) -> Answer:
        """The answer; an array that the service lacks is sent first, if there is a `supply`."""
        return _answer(await self._asked(operation, request, supply), kind)

    async def ask_for_text(
        self, operation: str, request: Message, supply: Supply | None = None
    ) -> AnswerText:
        """The answer as it came: of what the service wrote only `ran` is read."""
        response = await self._asked(operation, request, supply)
        return AnswerText(response.content, _answer(response, _Told).ran)

    async def _asked(
        self, operation: str, request: Message, supply: Supply | None
    ) -> httpx.Response:
        body = request.model_dump_json()
        response = await self._post(operation, body)
        if supply is not None and response.status_code != OK:
            refusal = _refusal(response)
            if refusal.reason == "missing_array" and refusal.digest is not None:
                await self.send(refusal.digest, await supply(refusal.digest))
                response = await self._post(operation, body)
        return response

    async def stream(
        self, operation: str, request: Message, supply: Supply | None = None
    ) -> AsyncGenerator[Message, None]:
        """Message by message, the last of them an end. Close it, or the connection stays open."""
        body = request.model_dump_json()
        missing = None
        async with aclosing(self._lines(operation, body)) as messages:
            async for message in messages:
                if not isinstance(message, Refusal):
                    yield message
                elif supply is None or message.digest is None:
                    raise refusing.error_of(message)
                else:
                    missing = message.digest
        if missing is None or supply is None:
            return
        await self.send(missing, await supply(missing))
        async with aclosing(self.stream(operation, request)) as messages:
            async for message in messages:
                yield message

    async def _lines(self, operation: str, body: str) -> AsyncGenerator[Message, None]:
        """A stream as it comes; a refusal is its last message."""
        with self._failures():
            async with self._http.stream("POST", f"/v1/{operation}", content=body) as response:
                if response.status_code != OK:
                    await response.aread()
                    yield _refusal(response)
                    return
                ended = False
                async for line in response.aiter_lines():
                    message = _message(line)
                    ended = isinstance(message, lines.ENDS)
                    yield message
                if not ended:
                    raise refusing.cut_off()

    async def send(self, digest: str, array: np.ndarray) -> None:
        """Makes an array known to the service, which keeps it while it has room."""
        with self._failures():
            response = await self._http.put(
                f"/v1/arrays/{digest}",
                content=arrays.body_of(array),
                headers={arrays.SHAPE: arrays.shape_text(array)},
            )
        if response.status_code != OK:
            raise refusing.error_of(_refusal(response))

    async def _post(self, operation: str, body: str) -> httpx.Response:
        with self._failures():
            return await self._http.post(f"/v1/{operation}", content=body)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """What can happen to a connection, as errors of ours."""
        if not self._secret:
            raise refusing.not_running()
        try:
            yield
        except httpx.PoolTimeout as error:
            raise refusing.no_connection() from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise refusing.not_running(error) from error
        except httpx.TimeoutException as error:
            raise refusing.too_long() from error
        except httpx.TransportError as error:
            raise refusing.cut_off(error) from error


def _answer(response: httpx.Response, kind: type[Answer]) -> Answer:
    if response.status_code != OK:
        raise refusing.error_of(_refusal(response))
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        raise refusing.not_understood(str(error)) from error


def _state(response: httpx.Response) -> State:
    if response.status_code == OK:
        return State("ok")
    try:
        refusal = Refusal.model_validate_json(response.content)
    except ValidationError:
        return State("down")
    return State("stuck", refusal.detail) if refusal.reason == "stuck" else State("down")


def _refusal(response: httpx.Response) -> Refusal:
    try:
        return Refusal.model_validate_json(response.content)
    except ValidationError as error:
        raise refusing.not_understood(response.text) from error


def _message(line: str) -> Message:
    try:
        return lines.message_of(line)
    except ValueError as error:
        raise refusing.not_understood(line) from error
