"""Refuses query parameters that an operation does not have: a misspelt filter filters nothing."""

from difflib import get_close_matches
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from app.api.describing import describe


async def refuse_unknown_parameters(request: Request) -> None:
    """A dependency; the parameters of each operation are those of the OpenAPI document."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = _known(request, route)
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError([_unknown(name, known) for name in unknown])


def _known(request: Request, route: APIRoute) -> list[str]:
    operation = describe(request.app)["paths"][route.path_format][request.method.lower()]
    given = operation.get("parameters", [])
    return [parameter["name"] for parameter in given if parameter["in"] == "query"]


def _unknown(name: str, known: list[str]) -> dict[str, Any]:
    meant = get_close_matches(name, known, n=1)
    if meant:
        words = f"There is no such parameter; is {meant[0]!r} meant?"
    else:
        words = f"There is no such parameter; there is {', '.join(known) or 'none'}."
    return {"loc": ("query", name), "msg": words, "type": "extra_forbidden"}
