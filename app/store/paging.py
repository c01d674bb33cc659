"""Keyset paging: a cursor says after which row the next page begins, whatever is inserted."""

import base64
import json
import math
from typing import Any

from app.errors import BadRequestError

LARGEST_PAGE = 200
LARGEST_CURSOR = 512
LARGEST_INTEGER = 2**31 - 1


def check_limit(limit: int, largest: int = LARGEST_PAGE) -> None:
    if not 1 <= limit <= largest:
        raise BadRequestError(
            f"The limit {limit} is out of bounds.", hint=f"Ask for 1 to {largest}."
        )


def write_cursor(sort: str, value: float | None, index: int) -> str:
    """Opaque to whoever gives it back; it belongs to one sort."""
    text = json.dumps(
        [sort, None if value is None else float(value), index],
        separators=(",", ":"),
        allow_nan=False,
    )
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, sort: str) -> tuple[float | None, int]:
    """The (value, index) that the cursor points behind.

    Raises BadRequestError for a cursor of another sort, and for anything that is no cursor.
    """
    found, value, index = _parse(cursor)
    if found != sort:
        raise BadRequestError(
            f"The cursor belongs to a list sorted by {found!r}, not by {sort!r}.",
            hint="Begin without a cursor where the sort changes.",
        )
    return value, index


def is_name(text: str) -> bool:
    """Whether a stored name could look like this: no control characters, nothing unencodable."""
    return text.isprintable() and len(text) <= 1000


def is_integer(number: int) -> bool:
    """Whether a stored id or number could be this."""
    return 0 <= number <= LARGEST_INTEGER


def _parse(cursor: str) -> tuple[str, float | None, int]:
    problem = BadRequestError(
        "The cursor is none of ours.", hint="Give back `next_cursor` as it was, or none."
    )
    if len(cursor) > LARGEST_CURSOR:
        raise problem
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        content: Any = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise problem from error
    match content:
        case [str(sort), None, int(index)] if _is_index(index):
            return sort[:40], None, index
        case [str(sort), float(value), int(index)] if _is_index(index) and math.isfinite(value):
            return sort[:40], value, index
        case _:
            raise problem


def _is_index(number: int) -> bool:
    return type(number) is int and is_integer(number)
