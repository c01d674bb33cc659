"""The service over HTTP: who may ask, and what stands at which path."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from analysis.inference.exchange import Exchange, Gone
from analysis.inference.operations import OPERATIONS, Operation
from analysis.inference.options import Options
from analysis.inference.refusing import Refused, refused
from analysis.inference.service import Service
from analysis.protocol import arrays
from analysis.protocol.service import SHORTEST_SECRET, ServiceState

Handler = Callable[[Service, Exchange], Awaitable[None]]

OPEN_TO_ALL = "/healthz"


def create_app(
    options: Options,
    *,
    operations: Sequence[Operation] = OPERATIONS,
) -> Starlette:
    """An application of one service (`state.service`); it loads no model before it is asked to."""
    service = Service(options, {one.name: one for one in operations})

    @asynccontextmanager
    async def live(_: Starlette) -> AsyncIterator[None]:
        yield
        service.close()

    routes = [
        Route(path, Endpoint(handler, service), methods=[method])
        for method, path, handler in (
            ("GET", OPEN_TO_ALL, say_alive),
            ("GET", "/readyz", say_ready),
            ("GET", "/metrics", say_counts),
            ("GET", "/v1/models", say_models),
            ("PUT", "/v1/arrays/{digest}", take_array),
            ("POST", "/v1/{operation}", Service.answer),
        )
    ]
    guard = Middleware(GuardMiddleware, secret=options.secret)
    app = Starlette(routes=routes, middleware=[guard], lifespan=live)
    app.state.service = service
    return app


class GuardMiddleware:
    """Answers only those who know the secret; health is for everybody."""

    def __init__(self, app: ASGIApp, secret: str) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(
                f"an inference service needs a secret of at least {SHORTEST_SECRET} characters"
            )
        self.app = app
        self._expected = f"Bearer {secret}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == OPEN_TO_ALL:
            await self.app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        given = exchange.headers.get(b"authorization", b"")
        if hmac.compare_digest(given, self._expected):
            await self.app(scope, receive, send)
            return
        refusal = refused(
            "unauthorised",
            "The inference service does not know you: the shared secret is wrong or missing.",
            hint="Start web side and service with the same PATCHCLAMP_INFERENCE_SECRET.",
        ).refusal
        await exchange.refuse(refusal)


class Endpoint:
    """A handler as an ASGI application, which is how it learns that its caller has left."""

    def __init__(self, handler: Handler, service: Service) -> None:
        self._handler = handler
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        try:
            await self._handler(self._service, exchange)
        except Refused as error:
            await exchange.refuse(error.refusal)
        except Gone:
            pass


async def say_alive(_: Service, exchange: Exchange) -> None:
    await exchange.say(ServiceState(status="ok"))


async def say_ready(service: Service, exchange: Exchange) -> None:
    service.require_ready()
    await exchange.say(ServiceState(status="ok"))


async def say_counts(service: Service, exchange: Exchange) -> None:
    await exchange.answer(service.count(), media_type=CONTENT_TYPE_LATEST.encode())


async def say_models(service: Service, exchange: Exchange) -> None:
    await exchange.say(service.describe())


async def take_array(service: Service, exchange: Exchange) -> None:
    """Keeps an array under its digest, for requests that name it."""
    digest = exchange.parameters["digest"]
    body = await exchange.body(arrays.LARGEST_BYTES)
    shape = exchange.headers.get(arrays.SHAPE.lower().encode(), b"").decode("latin-1")
    try:
        array = arrays.read_array(shape, body)
    except ValueError as error:
        raise refused(
            "bad_request",
            f"This is no array: {error}.",
            hint=f"Send float32, little end first, and its shape as {arrays.SHAPE}: 10,2.",
        ) from None
    if arrays.digest_of(array) != digest:
        raise refused(
            "bad_request",
            "The array is not the one that its digest says.",
            hint="The digest is over shape and numbers; see analysis/protocol/arrays.py.",
        )
    service.arrays.put(digest, array)
    await exchange.say(ServiceState(status="ok"))
