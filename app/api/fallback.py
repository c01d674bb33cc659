"""What /api answers where no route does: 405 with `Allow` for a known path, else 404.

Without it, an unknown API path would fall through to the pages, whose addresses begin with a
model's name.
"""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send


class Fallback:
    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        allowed = self._methods_of(scope["path"])
        if allowed:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})
        raise HTTPException(404)

    def _methods_of(self, path: str) -> set[str]:
        methods: set[str] = set()
        for context in iter_route_contexts(self.app.routes):
            pattern = getattr(context, "path_regex", None)
            if pattern is not None and pattern.match(path) and str(context.path).startswith("/api"):
                methods |= set(context.methods or ())
        return methods
