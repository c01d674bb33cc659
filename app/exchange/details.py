"""What comes with an explanation from elsewhere and is kept as it is: plain JSON, within bounds.

It is written out again as JSON, read by browsers and kept by two databases, so it may hold nothing
that one of them takes and another refuses.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Final

from app.exchange.faults import FileFaultError, Where, expected, shown

DEEPEST: Final = 32
"""Of lists and objects within each other."""
LARGEST_WHOLE: Final = 2**63 - 1
LONGEST_SHOWN: Final = 40


def check_details(where: Where, details: Mapping[str, object]) -> None:
    """FileFaultError: which field of it cannot be kept, and why."""
    left: list[tuple[Where, object, int]] = [(where, details, 1)]
    while left:
        here, value, depth = left.pop()
        if isinstance(value, Mapping | list):
            if depth > DEEPEST:
                raise FileFaultError(here, f"nested more than {DEEPEST} deep")
            left += [(inner, one, depth + 1) for inner, one in _parts(here, value)]
        else:
            _check_one(here, value)


def _parts(
    where: Where, value: Mapping[str, object] | list[object]
) -> Iterator[tuple[Where, object]]:
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield where.at(f"[{number}]"), one
        return
    for name, one in value.items():
        if not _is_text(name):
            raise _no_text(where, name)
        plain = name.isidentifier() and len(name) <= LONGEST_SHOWN
        yield where.at(name if plain else shown(name)), one


def _check_one(where: Where, value: object) -> None:
    if isinstance(value, str) and not _is_text(value):
        raise _no_text(where, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise FileFaultError(where, "a number that is too large for 64 bits, or none")
    if isinstance(value, int) and not -LARGEST_WHOLE <= value <= LARGEST_WHOLE:
        raise FileFaultError(where, "a whole number of more than 64 bits")
    if not isinstance(value, str | int | float | None):
        raise expected(where, "plain JSON", value)


def _is_text(text: str) -> bool:
    """Halves of surrogate pairs are no text; JSON can write them all the same."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_text(where: Where, text: str) -> FileFaultError:
    return FileFaultError(where, f"half of a surrogate pair in {shown(text)}")
