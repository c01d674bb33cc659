"""The cookie that a browser is signed in by.

Scripts cannot read it, other sites cannot send it with more than a link, and over https it never
travels without; there its name begins with `__Host-`, so that no other host plants one. Two servers
on one machine have cookies of their own: they carry the port.
"""

from datetime import timedelta
from typing import Final

from fastapi import Request, Response

NAME: Final = "patchclamp"


def secret_in(request: Request) -> str | None:
    return request.cookies.get(_name(request)) or None


def put_secret(request: Request, response: Response, secret: str, *, lasts: timedelta) -> None:
    response.set_cookie(
        _name(request),
        secret,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def take_secret(request: Request, response: Response) -> None:
    """Away: the browser forgets it."""
    response.delete_cookie(
        _name(request), path="/", secure=request.url.scheme == "https", httponly=True,
        samesite="lax",
    )  # fmt: skip


def _name(request: Request) -> str:
    prefix = "__Host-" if request.url.scheme == "https" else ""
    port = request.url.port
    return f"{prefix}{NAME}" + ("" if port is None else f"-{port}")
