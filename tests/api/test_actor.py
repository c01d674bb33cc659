"""Every write goes through one dependency: the routes are walked, not trusted."""

from collections.abc import Callable, Iterator

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from app.auth.actor import CurrentActor, get_actor
from app.auth.admitting import OPEN
from app.security import SAFE_METHODS


def unsafe_routes(app: FastAPI) -> Iterator[RouteContext]:
    for route in iter_route_contexts(app.routes):
        if set(route.methods or ()) - SAFE_METHODS:
            yield route


def calls(dependant: Dependant) -> Iterator[Callable]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from calls(dependency)


def routes_without_an_actor(app: FastAPI) -> list[str]:
    return [
        f"{route.methods} {route.path}"
        for route in unsafe_routes(app)
        if get_actor not in calls(route.dependant) and route.path not in OPEN
    ]


def test_every_route_that_writes_knows_its_actor(empty_app):
    paths = [route.path for route in unsafe_routes(empty_app)]
    assert "/api/v1/jobs" in paths
    assert "/api/v1/jobs/{job_id}/cancel" in paths
    assert routes_without_an_actor(empty_app) == []


def test_only_where_one_signs_in_may_somebody_write_who_is_nobody(empty_app):
    writing = {route.path for route in unsafe_routes(empty_app)}
    assert writing & OPEN == {"/login", "/login/{secret}", "/login/{secret}/oidc"}


def test_a_route_that_writes_without_an_actor_is_found():
    router = APIRouter(prefix="/deep")

    @router.post("/careless")
    def careless():
        return None

    @router.post("/careful")
    def careful(actor: CurrentActor):
        return actor.name

    app = FastAPI()
    app.include_router(router)
    assert routes_without_an_actor(app) == ["{'POST'} /deep/careless"]
