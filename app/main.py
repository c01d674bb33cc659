"""The web application: middlewares from the outside in, then API, files and pages."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import structlog
from fastapi import Depends, FastAPI
from jinja2 import TemplateError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app import api, pages, problems
from app.api.describing import DESCRIPTION
from app.api.receiving import FOLDER, reading_places, receiving_places
from app.api.streams import EventStreams
from app.api.tabling import downloads
from app.api.watching import Watching
from app.assets import asset
from app.auth.admitting import admit
from app.auth.identifying import Doors
from app.auth.oidc.provider import Provider
from app.auth.passwords import password_places
from app.auth.sealing import Views
from app.auth.throttling import Throttle
from app.bodies import SignedInFirstMiddleware
from app.compressing import CompressingMiddleware
from app.dependencies import WriterQueue, program_places
from app.errors import SignInError
from app.exchange.uploads import Uploads
from app.inference.opening import open_client
from app.large_circuits import large_circuit_places
from app.observability import ObservingMiddleware, RequestMetrics, configure_logging
from app.problems import CrashMiddleware, Problem, bare_page, sign_in_address
from app.rendering.answers import respond, target_of
from app.sealed import close_process
from app.security import GuardMiddleware, SecurityHeadersMiddleware
from app.settings import Settings, get_settings
from app.store.engine import open_engine

log = structlog.get_logger("patchclamp.web")

BUSY_SECONDS: Final = 4.0
"""How long a request that writes waits for SQLite's write lock."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """An application on the store that the settings name; it does not migrate the store."""
    settings = settings or get_settings()
    configure_logging(settings)
    close_process(settings)
    metrics = RequestMetrics()
    app = FastAPI(
        title="Patchclamp",
        version=_version(),
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_live,
        redirect_slashes=False,
        dependencies=[Depends(admit)],
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            Middleware(ObservingMiddleware, metrics=metrics),
            Middleware(SecurityHeadersMiddleware),
            Middleware(GuardMiddleware, allowed_hosts=settings.allowed_hosts),
            Middleware(CompressingMiddleware, minimum_size=2048),
            Middleware(CrashMiddleware),
            Middleware(SignedInFirstMiddleware),
        ],
    )
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.engine = open_engine(settings, busy_seconds=BUSY_SECONDS)
    app.state.doors = Doors(app.state.engine, always=settings.login == "always")
    app.state.passwords = password_places()
    app.state.throttle = Throttle(settings)
    app.state.views = Views()
    app.state.provider = Provider(settings)
    app.state.writers = WriterQueue()
    app.state.streams = EventStreams(settings.most_streams)
    app.state.watching = Watching(app.state.engine, app.state.doors, most=settings.most_live)
    app.state.downloads = downloads(settings.most_downloads)
    app.state.programs = program_places()
    app.state.large_circuits = large_circuit_places()
    app.state.uploads = Uploads(settings.data / FOLDER)
    app.state.readings = reading_places()
    app.state.receptions = receiving_places()
    problems.install(app, page=_show_problem)
    api.install(app)
    app.mount("/static", Files(directory=asset("static"), check_dir=False), name="static")
    app.include_router(pages.router)
    return app


class Files(StaticFiles):
    """Our own files are asked for again each time; vendored ones have a version in their name."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        vendored = path.startswith("vendor/") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if vendored else "no-cache"
        )
        return response


@asynccontextmanager
async def _live(app: FastAPI) -> AsyncIterator[None]:
    _set_aside_what_stays()
    app.state.inference = open_client(app.state.settings)
    app.state.uploads.sweep()
    yield
    await app.state.inference.close()
    app.state.engine.dispose()


@cache
def _set_aside_what_stays() -> None:
    """Modules and tables live as long as the process: looking through them for garbage, again and
    again, would hold up every few hundredth page by a tenth of a second. What pages leave behind
    is nearly all freed without the collector, so it need not look often either."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)


def _show_problem(request: Request, problem: Problem) -> Response:
    """The page of a problem; a bare one where the template itself is what fails. Where a page asked
    for one of its fragments, it gets one in its place, and stays."""
    target = target_of(request)
    sign_in = sign_in_address(request) if problem.status == SignInError.status else None
    context = {"problem": problem, "target": target, "sign_in": sign_in}
    try:
        return respond(
            request,
            "problem/page.html",
            context,
            problem.status,
            fragments={target: "problem/fragment.html"} if target else None,
        )
    except TemplateError:
        log.exception("problem.page_failed")
        return bare_page(request, problem)


def _version() -> str:
    try:
        return version("patchclamp")
    except PackageNotFoundError:
        return "0+source"
