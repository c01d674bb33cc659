"""What a browser remembers while somebody is at the provider: a cookie for ten minutes.

It ties the way back to the browser that set out: whoever is sent another's address back has no
cookie that fits it. Over https its name begins with `__Host-`, so that no other host plants one.
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, Literal

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

LASTS_SECONDS: Final = 600
BYTES: Final = 32

Aim = Literal["enter", "link", "join"]


class Attempt(BaseModel):
    """To enter, to link the account that is signed in, or to join by an invite."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aim: Aim
    state: str = Field(min_length=40, max_length=60)
    nonce: str = Field(min_length=40, max_length=60)
    verifier: str = Field(min_length=43, max_length=128)
    next: str = Field(default="", max_length=2_001)
    account_id: int | None = None
    """Whose account is to be linked."""
    invite: str = Field(default="", max_length=200)
    name: str = Field(default="", max_length=64)
    """Of the account that the invite makes."""

    def fits(self, state: str) -> bool:
        return hmac.compare_digest(self.state.encode(), state.encode("utf-8", "replace"))


def new_attempt(aim: Aim, **more: object) -> Attempt:
    fresh = {name: secrets.token_urlsafe(BYTES) for name in ("state", "nonce", "verifier")}
    return Attempt.model_validate({"aim": aim, **fresh, **more})


def put_attempt(request: Request, response: Response, attempt: Attempt) -> None:
    packed = urlsafe_b64encode(attempt.model_dump_json(exclude_defaults=True).encode()).decode()
    response.set_cookie(
        _name(request), packed, max_age=LASTS_SECONDS, path="/", httponly=True, samesite="lax",
        secure=_is_https(request),
    )  # fmt: skip


def attempt_in(request: Request) -> Attempt | None:
    try:
        return Attempt.model_validate(
            json.loads(urlsafe_b64decode(request.cookies.get(_name(request), "")))
        )
    except (ValueError, RecursionError, ValidationError):
        return None


def take_attempt(request: Request, response: Response) -> None:
    """Away: it was for once."""
    response.delete_cookie(
        _name(request), path="/", httponly=True, samesite="lax", secure=_is_https(request)
    )


def _name(request: Request) -> str:
    prefix = "__Host-" if _is_https(request) else ""
    port = request.url.port
    return f"{prefix}patchclamp-oidc" + ("" if port is None else f"-{port}")


def _is_https(request: Request) -> bool:
    return request.url.scheme == "https"
