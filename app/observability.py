"""What a request took and what the process is doing: log lines, timing headers, metrics.

A log line is one line: what does not print (line ends, escape sequences of terminals) is escaped,
and the lines of a traceback begin with a bar, so that nothing from outside can pass for a line.

Each answer carries `X-Request-Id` and `Server-Timing: total;dur=…` (milliseconds from the first
byte read to the first byte sent); each request leaves one log line with id, route, status and
milliseconds (a warning or an error where it was refused or failed, else for `debug` only), and one
observation by route template, so that paths never become label values.
"""

import logging
import re
import sys
import time
import uuid
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.printable import escaped
from app.settings import Settings

log = structlog.get_logger("patchclamp.web")

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.06, 0.1, 0.25, 1.0, 5.0)
SECRET_PATH: Final = re.compile(r"^(/*login/).+", re.IGNORECASE | re.DOTALL)
GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def configure_logging(settings: Settings) -> None:
    """Log lines for people, or one JSON object per line."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if settings.log_json
        else [
            structlog.processors.format_exc_info,
            keep_to_lines,
            structlog.dev.ConsoleRenderer(
                colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
    )


def keep_to_lines(
    _logger: object, _method: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """The fields as they may stand on a line; a traceback's lines are marked as its own."""
    for name, value in fields.items():
        if name == "exception":
            lines = str(value).split("\n")
            fields[name] = "\n".join(f"  | {escaped(line)}" for line in lines)
        elif isinstance(value, str):
            fields[name] = escaped(value)
    return fields


class RequestMetrics:
    """The counters of one application; each has its own registry, so tests do not collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "patchclamp_request_seconds",
            "Time until the first byte of the answer.",
            ["method", "route", "status"],
            registry=self.registry,
            buckets=BUCKETS,
        )


class ObservingMiddleware:
    """The outermost layer: sees every answer, refusals and failures included."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0
        seconds = 0.0

        async def send_timed(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status = message["status"]
                seconds = time.perf_counter() - started
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers["Server-Timing"] = f"total;dur={1000 * seconds:.2f}"
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_timed)
            finally:
                self._note(scope, status, seconds)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_template(scope)
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
        self.metrics.seconds.labels(method, route, str(status)).observe(seconds)
        log.log(
            _level(status),
            "request",
            method=scope["method"],
            route=route,
            path=told_path(scope),
            status=status,
            milliseconds=round(1000 * seconds, 2),
        )


LEFT: Final = 499
"""Whoever asked did not wait for the answer."""
KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _level(status: int) -> int:
    """What went well is for those who ask for it: pages in use fetch something every second, and
    leave what they asked before."""
    if status >= 500:
        return logging.ERROR
    if status == LEFT:
        return logging.DEBUG
    return logging.WARNING if status >= 400 else logging.DEBUG


def route_template(scope: Scope) -> str:
    """`/api/v1/models/{model}`: the route that answered, never the path that was asked for."""
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return path
    return "/static" if scope["path"].startswith("/static/") else "unmatched"


def told_path(scope: Scope) -> str:
    """As it may stand in the log: what lets somebody in is part of an address here, and nobody who
    reads the log may use it."""
    return SECRET_PATH.sub(r"\1…", scope["path"])


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
