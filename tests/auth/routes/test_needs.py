"""The table of needs says of every route what its path, query and body say that it is about."""

import typing
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel

from app.auth import told
from app.auth.need import Need, Subject, Who
from app.auth.needs import AREAS, NEEDS, need_of
from app.auth.rights import Right
from app.security import SAFE_METHODS
from tests.contracts.tree import ROOT

READ_BY_POST = {
    "POST /login", "POST /login/{secret}", "POST /login/{secret}/oidc", "POST /logout",
    "POST /api/explanation/search-all",
    "POST /api/explanation/search-model", "POST /api/explanation/search", "POST /api/vector/get",
    "POST /api/vector/list-owned", "POST /api/list/get", "POST /api/list/list",
    "POST /api/graph/list-owned", "POST /api/user/bookmarks",
}  # fmt: skip
"""And one's way in and out."""
IDS = {
    "{explanation_id}": "explanation", "{run_id}": "run", "{job_id}": "job", "{corpus}": "corpus",
    "{comment_id}": "comment",
    "/experiments/{slug}": "experiment", "/lists/{slug}": "list", "/corpora/{name}": "corpus",
    "/explanations/{number}": "explanation", "{model}": "model",
}  # fmt: skip
NAMES = {"model": "model", "modelId": "model", "corpus": "corpus", "run_id": "run",
         "parent": "experiment", "listId": "list"}  # fmt: skip
"""Fields of bodies."""


def subjects(need: Need) -> set[tuple[str, str, str]]:
    found = [one for one in (need.of, *need.beside) if isinstance(one, Subject)]
    return {(one.kind, one.place, one.name.rpartition(".")[2]) for one in found}


def routes_of(app: FastAPI) -> Iterator[tuple[str, RouteContext, Need]]:
    """But those of accounts, which are about no model."""
    for route in iter_route_contexts(app.routes):
        for method in (route.methods or ()) if getattr(route, "dependant", None) else ():
            need = need_of(method, str(route.path))
            assert need is not None
            if not str(route.path).startswith(tuple(AREAS)):
                yield method, route, need


@pytest.mark.parametrize("part", IDS)
def test_what_the_address_names_is_what_is_asked_for(app: FastAPI, part: str) -> None:
    found = [
        f"{method} {route.path}"
        for method, route, need in routes_of(app)
        if part in str(route.path).replace("{model}/explanations.", "")
        and IDS[part] not in {kind for kind, place, _ in subjects(need) if place == "path"}
    ]
    assert found == []


def fields_of(annotation: Any) -> set[str]:
    """Of a body, those of its models, and of what these hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        held = (fields_of(field.annotation) for field in annotation.model_fields.values())
        return set(annotation.model_fields) | {"feature"} & set().union(*held)
    return set().union(*(fields_of(one) for one in typing.get_args(annotation)))


def test_what_the_body_names_is_what_is_asked_for(app: FastAPI) -> None:
    found, seen = [], 0
    for method, route, need in routes_of(app):
        params = route.dependant.body_params
        named = set().union(*(fields_of(param.field_info.annotation) for param in params))
        for field in named & NAMES.keys():
            seen += 1
            places = {place for kind, place, name in subjects(need) if name == field}
            if not places & {"json", "form"}:
                found.append((method, route.path, field))
    assert seen > 20
    assert found == []


def test_what_the_query_names_is_what_is_asked_for(app: FastAPI) -> None:
    """But where it only filters a list, or leads to a page that asks itself."""
    found = {
        f"{method} {route.path}"
        for method, route, need in routes_of(app)
        for param in route.dependant.query_params
        if param.alias in ("model", "experiment", "window", "with")
        and param.alias not in {name for _, place, name in subjects(need) if place == "query"}
    }
    assert found == {"GET /api/v1/jobs", "GET /jump"}


def test_whoever_writes_needs_more_than_to_see(app: FastAPI) -> None:
    found = {
        f"{method} {str(route.path).rstrip('/')}"
        for method, route, need in routes_of(app)
        if method not in SAFE_METHODS
        and not need.keeps
        and need.right in (Who.ANYBODY, Who.SIGNED_IN, Right.SEE)
    }
    assert found <= READ_BY_POST


def test_only_the_way_in_and_the_operators_questions_are_open() -> None:
    open_to_all = {route for route, need in NEEDS.items() if need.right is Who.ANYBODY}
    assert open_to_all == {
        "GET /healthz", "GET /readyz", "GET /login", "POST /login", "GET /login/{secret}",
        "POST /login/{secret}", "GET /login/oidc", "GET /login/oidc/back",
        "POST /login/{secret}/oidc",
    }  # fmt: skip


def test_files_that_leave_take_the_right_to_export() -> None:
    endings = ("/export", "/script", "/statistics", "/rows", "/artifacts/{sha256}", ".{form}")
    found = {need.right for route, need in NEEDS.items() if route.endswith(endings)}
    assert found == {Right.EXPORT}


VIEWED = {
    "GET /api/v1/models/{model}", "GET /api/v1/models/{model}/sites",
    "GET /api/v1/models/{model}/summaries", "GET /api/v1/models/{model}/random-units",
    "GET /api/v1/models/{model}/sites/{site}/units/{index}",
    "GET /api/v1/models/{model}/sites/{site}/units/{index}/exemplars",
    "GET /api/v1/models/{model}/sites/{site}/units/{index}/explanations",
    "GET /api/v1/models/{model}/sites/{site}/units/{index}/circuits",
    "GET /api/v1/models/{model}/scores", "GET /api/v1/models/{model}/evidence",
    "GET /api/v1/models/{model}/sites/{site}/evidence", "GET /api/v1/models/{model}/experiments",
    "GET /api/v1/models/{model}/vectors", "GET /api/v1/models/{model}/tasks",
    "GET /api/v1/models/{model}/circuits", "GET /api/v1/models/{model}/circuits/{slug}/features",
    "GET /api/v1/models/{model}/circuits/{slug}/proofs",
    "GET /api/v1/explanations/{explanation_id}",
    "GET /api/v1/explanations/{explanation_id}/scores",
    "GET /api/v1/explanations/{explanation_id}/versions",
    "GET /api/v1/explanations/{explanation_id}/evidence",
    "GET /api/v1/explanations/{explanation_id}/evidence/causal",
    "GET /api/v1/runs/{run_id}", "GET /api/v1/runs/{run_id}/artifacts",
    "GET /api/v1/corpora/{corpus}", "GET /api/v1/jobs/{job_id}",
    "GET /api/v1/jobs/{job_id}/events", "GET /api/v1/lists/{slug}",
    "GET /api/v1/models/{model}/sites/{site}/units/{index}/comments",
    "GET /api/v1/models/{model}/activity", "GET /api/v1/models/{model}/agreement",
    "GET /api/v1/models/{model}/acceptance",
    "GET /api/v1/models/{model}/circuits/{slug}/comments",
    "GET /api/v1/models/{model}/campaigns", "GET /api/v1/models/{model}/campaigns/{slug}",
    "GET /api/v1/models/{model}/campaigns/{slug}/guidelines",
    "GET /api/v1/models/{model}/campaigns/{slug}/progress",
    "GET /api/v1/explanations/{explanation_id}/compare",
    "GET /api/v1/explanations/{explanation_id}/comments",
    "GET /api/v1/explanations/{explanation_id}/votes", "GET /api/v1/comments/{comment_id}",
}  # fmt: skip
"""What pages show too, of one thing or in a list of names and numbers: kept in the log of a sealed
server, and not held back. Whoever adds a route says which it is."""


def test_whatever_is_read_over_rest_leaves_a_sealed_server_or_is_named_here(app: FastAPI) -> None:
    read = {
        f"{method} {route.path}": need
        for method, route, need in routes_of(app)
        if method == "GET"
        and str(route.path).startswith("/api/")
        and need.right in (Right.SEE, Right.EXPORT)
    }
    shown = {name.rstrip("/") for name, need in read.items() if not need.leaves}
    assert shown == VIEWED
    assert {name for name, need in read.items() if need.leaves}


def test_whatever_takes_the_right_to_export_leaves() -> None:
    assert all(need.leaves for need in NEEDS.values() if need.right is Right.EXPORT)


def test_the_documentation_tells_who_may_do_what() -> None:
    """Made anew by `python -m app.auth.told`."""
    page = (ROOT / "docs/team.md").read_text()
    start = page.index(told.HEADING)
    end = page.index(told.END) + len(told.END) + 1
    assert page[start:end] == told.document()
