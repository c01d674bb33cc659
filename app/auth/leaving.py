"""What somebody asks to take out of a sealed server: whether anything leaves there, and whether
they could take it if the server were open."""

from typing import Final
from urllib.parse import unquote, urlsplit

from fastapi import Request
from starlette.routing import compile_path

from app.auth.actor import Actor
from app.auth.admitting import model_of, require
from app.auth.needs import NEEDS
from app.errors import BadRequestError
from app.store.queries.export import LONGEST_ADDRESS, exactly

LEAVING: Final = [
    (compile_path(route.removeprefix("GET "))[0], need)
    for route, need in NEEDS.items()
    if need.leaves and route.startswith("GET ")
]


async def asked_to_leave(request: Request, actor: Actor, address: str) -> tuple[str, str | None]:
    """The address as it is kept, and the one model that it is of. Raises BadRequestError where
    nothing leaves there, and what the guard of the route would."""
    given = address.strip().removeprefix(str(request.base_url).rstrip("/"))
    try:
        parts = urlsplit(given)
    except ValueError:
        parts = urlsplit("")
    path = unquote(parts.path)
    found = next(((p.match(path), need) for p, need in LEAVING if p.match(path)), None)
    if found is None or parts.netloc or len(given) > LONGEST_ADDRESS:
        raise BadRequestError(
            "Nothing leaves this server at that address.",
            hint="Give the address of a download or of a thing as JSON, such as "
            "/api/v1/models/NAME/explanations.jsonl; what pages show needs no approval.",
        )
    match, need = found
    scope = {
        **request.scope, "method": "GET", "path": path, "raw_path": parts.path.encode(),
        "path_params": {} if match is None else match.groupdict(),
        "query_string": parts.query.encode("utf-8", "replace"),
    }  # fmt: skip
    asked = Request(scope)
    await require(asked, actor, need)
    return exactly(path, parts.query), await model_of(asked, need)
