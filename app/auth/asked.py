"""What a request names, read before it is checked: as its handler will read it, or not at all.

Bodies are not read twice: FastAPI has parsed this one, and the request keeps what it parsed.
"""

from typing import Final

from fastapi import Request

from app.auth.need import Place

LONGEST: Final = 1000
"""Characters of what is looked up; nothing has a longer name."""


async def values_of(request: Request, place: Place, name: str, *, before: str = "") -> list[str]:
    """Every value that is given, as text; blank ones name nothing. What is of another type than any
    name or number is left out: no handler takes it."""
    found = [_text(value) for value in await _given(request, place, name)]
    if before:
        found = [value.rpartition(before)[0] for value in found]
    return list(dict.fromkeys(value[: LONGEST + 1] for value in found if value.strip()))


async def _given(request: Request, place: Place, name: str) -> list[object]:
    if place == "path":
        return [request.path_params[name]] if name in request.path_params else []
    if place == "query":
        return list(request.query_params.getlist(name))
    if place == "form":
        return list((await request.form()).getlist(name))
    try:
        here: object = await request.json()
    except (ValueError, RecursionError):  # no handler reads it either
        return []
    for part in name.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return [here]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""
