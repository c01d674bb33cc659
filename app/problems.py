"""Every error leaves in one shape: an RFC 9457 problem document, or an HTML page for browsers.

Comes in: any exception of a request. Goes out: `application/problem+json` with type, title,
status, detail, instance, `hint` (what to do next) and, for invalid input, `errors`. Browsers that
ask for text/html outside of /api get a page with the same words, rendered by the function that
`install` was given.
"""

from collections.abc import Callable
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BadRequestError, PatchclampError, SignInError, UnavailableError
from app.observability import told_path

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
READING = ("GET", "HEAD")

log = structlog.get_logger("patchclamp.web")


class InvalidField(BaseModel):
    location: list[str | int] = Field(
        description="Where: path, query, header or body, then the name.",
        examples=[["query", "limit"]],
    )
    message: str = Field(
        description="What is wrong.", examples=["Input should be less than or equal to 200"]
    )
    type: str = Field(description="Machine-readable kind.", examples=["less_than_equal"])


class Problem(BaseModel):
    """An error as RFC 9457 describes it, with a hint of what to do."""

    type: str = Field(
        description="What kind of problem, as the URL of its description.",
        examples=["/api/docs#problem-404"],
    )
    title: str = Field(description="The kind in words.", examples=["Not found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(
        description="What happened here.", examples=["There is no model named 'smollm3'."]
    )
    instance: str = Field(
        description="The path that was asked for.", examples=["/api/v1/models/smollm3"]
    )
    hint: str | None = Field(
        default=None, description="What to do next.", examples=["GET /api/v1/models lists them."]
    )
    request_id: str | None = Field(
        default=None, description="The id of this request in the server's log."
    )
    errors: list[InvalidField] | None = Field(
        default=None, description="For invalid input: what is wrong, and where."
    )


PageOfProblem = Callable[[Request, Problem], Response]


def install(app: FastAPI, page: PageOfProblem | None = None) -> None:
    """Map each exception once; what nobody foresaw is caught by `CrashMiddleware`."""
    app.state.problem_page = page or bare_page
    app.add_exception_handler(PatchclampError, _answer_ours)
    app.add_exception_handler(SignInError, _answer_sign_in)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    for unstorable in (DataError, OverflowError, UnicodeEncodeError):
        app.add_exception_handler(unstorable, _answer_data)
    for unavailable in (OperationalError, InterfaceError):
        app.add_exception_handler(unavailable, _answer_store)
    app.add_exception_handler(PoolTimeoutError, _answer_busy)


def answer_problem(
    request: Request,
    status: int,
    detail: str,
    *,
    title: str | None = None,
    hint: str | None = None,
    errors: list[InvalidField] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The response for one problem: JSON, or HTML where a browser asked for a page."""
    problem = Problem(
        type=f"/api/docs#problem-{status}",
        title=title or HTTPStatus(status).phrase,
        status=status,
        detail=_printable(detail),
        instance=_printable(request.url.path),
        hint=None if hint is None else _printable(hint),
        request_id=request.scope.get("state", {}).get("request_id"),
        errors=errors,
    )
    if wants_html(request):
        response = _page_renderer(request)(request, problem)
        response.headers.append("Vary", "Accept")
    else:
        content = problem.model_dump_json(exclude_none=True)
        response = Response(content, status_code=status, media_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response


def answer_error(request: Request, error: PatchclampError) -> Response:
    """For middlewares, whose exceptions nobody maps."""
    answer = _answer_sign_in if isinstance(error, SignInError) else _answer_ours
    return answer(request, error)


def wants_html(request: Request) -> bool:
    path = request.url.path
    return not path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def sign_in_address(request: Request) -> str:
    """Where one signs in and comes back from: to the page that is asked for, or to the one that
    asks for a part of itself, or sends a form."""
    headers = request.headers
    if request.method in READING and "hx-request" not in headers:
        shown = request.scope.get("raw_path", b"").decode("ascii", "replace") or request.url.path
        query = request.url.query
    else:
        shown, query = _path_of(headers.get("hx-current-url") or headers.get("referer") or "/")
    return "/login?" + urlencode({"next": f"{shown}?{query}" if query else shown})


def _path_of(address: str) -> tuple[str, str]:
    """Path and query of what a browser says that it shows."""
    try:
        page = urlsplit(address)
    except ValueError:
        return "/", ""
    return page.path, page.query


def bare_page(request: Request, problem: Problem) -> Response:  # noqa: ARG001
    """A page without a template, for when templates are what fails."""
    words = [problem.detail, problem.hint, problem.request_id and f"Request {problem.request_id}"]
    body = "".join(f"<p>{escape(word)}</p>" for word in words if word)
    title = escape(problem.title)
    html = f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1>{body}</html>'
    return HTMLResponse(html, status_code=problem.status)


class CrashMiddleware:
    """Turns an unforeseen exception into a 500 that says nothing of the inside.

    It is the innermost middleware, so that the answer passes all others and carries their headers;
    the traceback goes to the log under the id that the answer names.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception:
            log.exception("request.crashed", path=told_path(scope))
            if started:
                raise
            failure = PatchclampError(
                "The server failed while answering this request; nothing was changed by it.",
                hint="The server's log holds the reason under the request id.",
            )
            await _answer_ours(Request(scope), failure)(scope, receive, send)


def _page_renderer(request: Request) -> PageOfProblem:
    state: State | None = getattr(request.scope.get("app"), "state", None)
    return getattr(state, "problem_page", bare_page)


def _answer_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, PatchclampError)  # noqa: S101 - the registry guarantees it
    if error.public != error.detail:
        log.warning("request.refused", reason=error.detail)
    return answer_problem(
        request,
        error.status,
        error.public,
        title=error.title,
        hint=error.hint,
        headers=None if error.retry_after is None else {"Retry-After": str(error.retry_after)},
    )


def _answer_sign_in(request: Request, error: Exception) -> Response:
    """Browsers that go to a page are led to where one signs in; parts of pages stay where they are,
    so that nothing that was typed is lost."""
    if request.method in READING and wants_html(request) and "hx-request" not in request.headers:
        response: Response = RedirectResponse(sign_in_address(request), status_code=303)
        response.headers["Cache-Control"] = "no-store"
        return response
    response = _answer_ours(request, error)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the registry guarantees it
    details = {
        404: "There is nothing at this address.",
        405: f"{request.method} is not possible here.",
    }
    standard = HTTPStatus(error.status_code).phrase
    detail = details.get(error.status_code, standard) if error.detail == standard else error.detail
    headers = dict(error.headers or {})
    return answer_problem(request, error.status_code, str(detail), headers=headers)


def _answer_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the registry guarantees it
    fields = [
        InvalidField(
            location=[_printable_part(part) for part in item["loc"]],
            message=_printable(str(item["msg"])),
            type=str(item["type"]),
        )
        for item in error.errors()
    ]
    named = "; ".join(f"{'.'.join(map(str, f.location))}: {f.message}" for f in fields[:3])
    return answer_problem(
        request,
        422,
        f"The request is not valid. {named}"[:1000],
        title=BadRequestError.title,
        hint="/api/docs says what each parameter may be.",
        errors=fields[:50],
    )


def _answer_data(request: Request, error: Exception) -> Response:
    """Drivers differ: NUL in text, integers beyond 64 bits, lone surrogates."""
    log.warning("request.data_refused", error=str(error))
    ours = BadRequestError(
        "The store cannot hold or compare a value of this request.",
        hint="Leave out NUL characters and numbers beyond 64 bits.",
    )
    return _answer_ours(request, ours)


def _answer_store(request: Request, error: Exception) -> Response:
    """What `app.store.failures` did not recognise; it words the rest itself."""
    log.error("request.store_unavailable", error=str(error))
    ours = UnavailableError(
        "The store did not answer this request.",
        hint="Try again in a moment; GET /readyz says whether the store can be reached.",
        retry_after=RETRY_SECONDS,
    )
    return _answer_ours(request, ours)


def _answer_busy(request: Request, error: Exception) -> Response:
    """No connection became free in time."""
    log.warning("request.store_busy", error=str(error))
    ours = UnavailableError(
        "The store is busy: too many requests use it at once.",
        hint="Try again in a moment.",
        retry_after=RETRY_SECONDS,
    )
    return _answer_ours(request, ours)


def _printable_part(part: Any) -> str | int:  # noqa: ANN401 - whatever pydantic puts in a location
    return part if isinstance(part, int) else _printable(str(part))


def _printable(text: str) -> str:
    """The text without lone surrogates, which JSON and UTF-8 cannot carry."""
    return text.encode("utf-8", "backslashreplace").decode()
