"""Whose bodies are read: those of whoever is signed in, and those of signing in.

FastAPI reads and parses a body before it asks any dependency. So that a stranger's megabyte, or a
body that comes slowly, keeps nothing busy, whoever sends one says first who they are; what they may
do is asked once the body is there, because it may name what they want to do it with.
"""

from typing import Final

from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth.actor import get_actor
from app.auth.need import Who
from app.auth.needs import NEEDS
from app.errors import PatchclampError
from app.problems import answer_error
from app.security import SAFE_METHODS

OPEN: Final = [
    compile_path(route.partition(" ")[2])[0]
    for route, need in NEEDS.items()
    if need.right is Who.ANYBODY and route.partition(" ")[0] not in SAFE_METHODS
]


class SignedInFirstMiddleware:
    """Refuses as the routes do, before one is chosen. It finds who asks, for all that follows."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            request = Request(scope)
            if not any(path.match(scope["path"]) for path in OPEN):
                try:
                    await get_actor(request)
                except PatchclampError as error:
                    await answer_error(request, error)(scope, receive, send)
                    return
        await self.app(scope, receive, send)
