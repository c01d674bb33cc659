"""What protects a local instrument from the web around it, on every answer and every request.

Headers (a strict Content-Security-Policy first) go on each answer, errors and files included.
Requests are refused, as problem documents, when their Host is not ours (DNS rebinding: 400), when
another site sent them (403), or when their body is too large, declared or not (413). Other sites,
which include other ports of this machine, may link here, but neither embed nor fetch anything.
"""

import re
from typing import Final

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import answer_problem

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)

HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), payment=(), usb=()"
    ),
}

HOST: Final = re.compile(
    r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
GUESSED: Final = re.compile(r"\b(?:prefetch|prerender|preview)\b", re.IGNORECASE)
PORTS: Final = {"http": "80", "https": "443"}
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
BODY_LIMIT: Final = 2**20
FILE_LIMIT: Final = 128 * 2**20
BODY_SECONDS: Final = 30.0
"""So long a body may take to arrive; a whole file has its own time before this one."""
FILE_SECONDS: Final = 900.0
FILES: Final = re.compile(
    r"/api/v1/models/[^/]+/(circuits|judgements)/import|/api/graph-uploads/[^/]+"
)
"""Paths that whole files are sent to; these go to the disk as they come."""


class SecurityHeadersMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                _keep_private(scope, headers)
            await send(message)

        await self.app(scope, receive, send_protected)


def _keep_private(scope: Scope, headers: MutableHeaders) -> None:
    """What somebody with an account is answered may be kept by their own browser alone: what
    others see at the same address differs."""
    actor = scope.get("state", {}).get("actor")
    if getattr(actor, "person", None) is None:
        return
    said = headers.get("cache-control", "no-cache")
    if "no-store" not in said and "private" not in said:
        headers["cache-control"] = f"private, {said.removeprefix('public, ')}"


class GuardMiddleware:
    """Refuses foreign hosts, foreign origins of unsafe methods, and large bodies."""

    def __init__(self, app: ASGIApp, allowed_hosts: list[str]) -> None:
        self.app = app
        self.allowed_hosts = [host.lower() for host in allowed_hosts]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = FILE_LIMIT if FILES.fullmatch(scope["path"]) else BODY_LIMIT
        refusal = self._refuse(scope, limit)
        if refusal is None:
            await self.app(scope, _limited(receive, limit), send)
            return
        status, detail, hint = refusal
        response = answer_problem(Request(scope), status, detail, hint=hint)
        await response(scope, receive, send)

    def _refuse(self, scope: Scope, limit: int) -> tuple[int, str, str] | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return (
                400,
                "The Host header does not name this server.",
                "Add the name to PATCHCLAMP_ALLOWED_HOSTS if it is meant to be served.",
            )
        if not (_comes_from_us(scope, headers) or _follows_a_link(scope, headers)):
            return (
                403,
                "Another site sent this request; it was not carried out.",
                "Send it from this server's own pages, or from a program without an Origin header.",
            )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > limit:
            return 413, _too_large(limit), "Send less at once."
        return None

    def _is_ours(self, given: str) -> bool:
        found = HOST.fullmatch(given.lower())
        return found is not None and any(
            pattern == "*"
            or found["name"] == pattern
            or (pattern.startswith("*.") and found["name"].endswith(pattern[1:]))
            for pattern in self.allowed_hosts
        )


def _limited(receive: Receive, limit: int) -> Receive:
    """Counts what really arrives, since a chunked body declares no length, and for how long it
    does: whoever drips their bytes keeps nothing busy."""
    received, is_whole = 0, False
    until = anyio.current_time() + (FILE_SECONDS if limit == FILE_LIMIT else BODY_SECONDS)

    async def receive_counted() -> Message:
        nonlocal received, is_whole
        if is_whole:  # from now on it is only waited for whether anybody is still there
            return await receive()
        try:
            with anyio.fail_after(max(0.0, until - anyio.current_time())):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, "The body took too long to arrive.") from None
        received += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if received > limit:
            raise HTTPException(413, _too_large(limit))
        return message

    return receive_counted


def _too_large(limit: int) -> str:
    return f"The body is larger than {limit:,} bytes."


def refuse_guesses(request: Request) -> None:
    """For pages that compute: nobody may ever look at what a browser fetches or draws ahead. It
    fetches again when somebody does. HTTPException: it said that this is such a request."""
    purposes = (request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz"))
    if any(GUESSED.search(purpose) for purpose in purposes):
        raise HTTPException(
            403, "This page is computed for whoever looks at it, and not fetched ahead."
        )


def _comes_from_us(scope: Scope, headers: Headers) -> bool:
    """Browsers say where a request comes from; programs say nothing and carry no cookies."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return True
    scheme, _, host = origin.partition("://")
    ours = _origin(scope.get("scheme", "http"), headers["host"])
    return ours is not None and _origin(scheme, host) == ours


def _follows_a_link(scope: Scope, headers: Headers) -> bool:
    """Somebody goes to one of our pages from another site's, in a window of its own."""
    return (
        scope["method"] in SAFE_METHODS
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )


def _origin(scheme: str, host: str) -> tuple[str, str, str] | None:
    """Scheme, name and port; None for what is no host."""
    found = HOST.fullmatch(host.lower())
    scheme = scheme.lower()
    return (
        None if found is None else (scheme, found["name"], found["port"] or PORTS.get(scheme, ""))
    )
