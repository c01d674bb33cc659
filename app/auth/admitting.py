"""The guard of every route: only where one says who one is, one may go without saying so."""

from typing import Final

from fastapi import Request

from app.auth.actor import get_actor

OPEN: Final = frozenset({"/login", "/login/{secret}", "/healthz", "/readyz"})
"""Paths, as their routes write them, that anybody may go to."""


async def admit(request: Request) -> None:
    """Raises SignInError."""
    if path_of(request) not in OPEN:
        await get_actor(request)


def path_of(request: Request) -> str:
    """As the route writes it: `/m/{model}`."""
    return getattr(request.scope.get("route"), "path", "")
