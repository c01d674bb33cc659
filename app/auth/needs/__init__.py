"""Who may do what: the table of what each route needs. A route that is not here lets nobody in who
signed in."""

from typing import Final

from fastapi import Request

from app.auth.need import Need
from app.auth.needs.compatible import COMPATIBLE_NEEDS
from app.auth.needs.named import ADMINISTRATORS, ANY_ACCOUNT
from app.auth.needs.pages import PAGE_NEEDS
from app.auth.needs.v1 import V1_NEEDS

NEEDS: Final[dict[str, Need]] = {**PAGE_NEEDS, **V1_NEEDS, **COMPATIBLE_NEEDS}
"""By method and path, as the route writes it."""

AREAS: Final[dict[str, Need]] = {
    "/account": ANY_ACCOUNT,
    "/api/v1/account": ANY_ACCOUNT,
    "/people": ADMINISTRATORS,
    "/api/v1/people": ADMINISTRATORS,
    "/audit": ADMINISTRATORS,
    "/api/v1/audit": ADMINISTRATORS,
}
"""Where every route, whatever its method, has one need: at this path and below it."""


def need_of(method: str, path: str) -> Need | None:
    """Of a route, by its path as it is written; None: it is in no table."""
    found = NEEDS.get(f"{method} {path}")
    if found is not None:
        return found
    if path.startswith("/api/") and path.endswith("/"):
        return NEEDS.get(f"{method} {path[:-1]}")
    for area, need in AREAS.items():
        if path == area or path.startswith(area + "/"):
            return need
    return None


def need_of_request(request: Request) -> Need | None:
    return need_of(request.method, path_of(request))


def path_of(request: Request) -> str:
    """As the route writes it: `/m/{model}`."""
    return getattr(request.scope.get("route"), "path", "")
