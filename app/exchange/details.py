"""What comes with an explanation from elsewhere and is kept as it is: plain JSON, within bounds.

It is written out again as JSON, read by browsers and kept by two databases, so it may hold nothing
that one of them takes and another refuses.
"""

import math
from collections.abc import Mapping
from typing import Final

from app.exchange.faults import FileFaultError, Where, shown
from app.exchange.fields import MOST_VALUES

DEEPEST: Final = 32
"""Of lists and objects within each other."""
LARGEST_WHOLE: Final = 2**63 - 1
LONGEST_SHOWN: Final = 40


class _UnfitError(Exception):
    """A value that cannot be kept. Its path grows as it is told outwards: a place for each of very
    many values, of which hardly one is wrong, would take longer than reading them."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path: list[str] = []


class _Checking:
    def __init__(self, most: int) -> None:
        self._most = most
        self._n = 0

    def check(self, value: object, depth: int) -> None:
        self._n += 1
        if self._n > self._most:
            raise _UnfitError(f"more than {self._most:,} values besides what has a place here")
        if not isinstance(value, Mapping | list):
            _check_one(value)
            return
        if depth > DEEPEST:
            raise _UnfitError(f"nested more than {DEEPEST} deep")
        parts = enumerate(value) if isinstance(value, list) else value.items()
        for name, one in parts:
            if isinstance(name, str) and not _is_text(name):
                raise _UnfitError(_no_text(name))
            try:
                self.check(one, depth + 1)
            except _UnfitError as error:
                error.path.append(shown_name(name) if isinstance(name, str) else f"[{name}]")
                raise


def check_details(where: Where, details: Mapping[str, object], *, most: int = MOST_VALUES) -> None:
    """FileFaultError: which field of it cannot be kept, and why; `most` values are looked at."""
    try:
        _Checking(most).check(details, 1)
    except _UnfitError as error:
        for name in reversed(error.path):
            where = where.at(name)
        raise FileFaultError(where, error.problem) from None


def shown_name(name: str) -> str:
    """Of an entry, as an error tells where it stands."""
    return name if name.isidentifier() and len(name) <= LONGEST_SHOWN else shown(name)


def _check_one(value: object) -> None:
    if isinstance(value, str) and not _is_text(value):
        raise _UnfitError(_no_text(value))
    if isinstance(value, float) and not math.isfinite(value):
        raise _UnfitError("a number that is too large for 64 bits, or none")
    if isinstance(value, int) and not -LARGEST_WHOLE <= value <= LARGEST_WHOLE:
        raise _UnfitError("a whole number of more than 64 bits")
    if not isinstance(value, str | int | float | None):
        raise _UnfitError(f"expected plain JSON, found {shown(value)}")


def _is_text(text: str) -> bool:
    """Halves of surrogate pairs are no text; JSON can write them all the same."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_text(text: str) -> str:
    return f"half of a surrogate pair in {shown(text)}"
