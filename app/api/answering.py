"""A view as a JSON answer: serialised once, with an ETag, and 304 where the client has it.

Handlers return this response directly: the view is frozen and was validated when the store built
it, so validating it again against the response model would only cost time. Everything may be
kept but is asked for again (`no-cache`): a finished run never changes, a running one may.
"""

from collections.abc import Sequence
from hashlib import blake2b

from fastapi import Request
from starlette.responses import Response

from app.store.views.base import View

JSON = "application/json"


def answer(request: Request, view: View | Sequence[View]) -> Response:
    return answer_json(request, _serialise(view))


def answer_json(request: Request, content: bytes) -> Response:
    """The same of what is JSON already."""
    etag = f'W/"{blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=JSON, headers=headers)


def _serialise(view: View | Sequence[View]) -> bytes:
    if isinstance(view, View):
        return view.to_json()
    return b"[%b]" % b",".join(item.to_json() for item in view)


def _has(given: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags
