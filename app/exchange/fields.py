"""The fields of one JSON object from outside, each taken as what it must be, or said to be wrong.

Everything is bounded: what a hostile file makes us keep, and what the store's columns can hold.
"""

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from app.exchange.faults import FileFaultError, Where, expected

MOST_FIELDS: Final = 1000
MOST_SCORES: Final = 200
MOST_VALUES: Final = 1_000_000
"""Of one line of JSON: a few bytes of text can become many of memory."""
MOST_OF_DOCUMENT: Final = 10_000_000
LONGEST_NAME: Final = 400
LARGEST: Final = 2**31 - 1
LARGEST_COUNT: Final = 2**63 - 1
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2100


class Fields:
    """An object and where it stands."""

    def __init__(self, where: Where, value: object) -> None:
        if not isinstance(value, dict):
            raise expected(where, "an object", value)
        if len(value) > MOST_FIELDS:
            raise FileFaultError(where, f"{len(value):,} fields; at most {MOST_FIELDS:,} are read")
        self.where = where
        self._values: dict[str, Any] = value

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def raw(self, name: str) -> Any:  # noqa: ANN401 - as JSON has it
        return self._values.get(name)

    def text(self, name: str, *, longest: int = LONGEST_NAME, empty: bool = False) -> str:
        value = self._values.get(name)
        if not isinstance(value, str) or not (value or empty):
            raise expected(self.where.at(name), "a text", value)
        if len(value) > longest:
            raise FileFaultError(
                self.where.at(name), f"{len(value):,} characters; at most {longest:,} are taken"
            )
        return value

    def maybe_text(self, name: str, *, longest: int = LONGEST_NAME) -> str | None:
        return self.text(name, longest=longest, empty=True) if name in self else None

    def whole(self, name: str, *, least: int = 0, most: int = LARGEST) -> int:
        """A whole number; digits in quotes too, as some formats write an index."""
        value = self._values.get(name)
        number = value
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise expected(self.where.at(name), f"a whole number from {least} to {most}", value)
        return number

    def maybe_whole(self, name: str) -> int | None:
        return self.whole(name) if name in self else None

    def number(self, name: str, *, least: float = -math.inf, most: float = math.inf) -> float:
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not _fits(value):
            raise expected(self.where.at(name), "a number", value)
        if not least <= value <= most:
            raise expected(self.where.at(name), f"a number from {least:g} to {most:g}", value)
        return float(value)

    def maybe_number(
        self, name: str, *, least: float = -math.inf, most: float = math.inf
    ) -> float | None:
        return self.number(name, least=least, most=most) if name in self else None

    def moment(self, name: str) -> datetime | None:
        """In UTC, which one without a zone is taken for; of a year that a claim may be of."""
        text = self.maybe_text(name)
        if text is None:
            return None
        try:
            found = datetime.fromisoformat(text)
            at = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            wanted = "a moment such as 2026-11-21T09:30:00+00:00"
            raise expected(self.where.at(name), wanted, text) from None
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            wanted = f"a moment from {FIRST_YEAR} to {LAST_YEAR}"
            raise expected(self.where.at(name), wanted, text)
        return at

    def inner(self, name: str) -> "Fields":
        return Fields(self.where.at(name), self._values.get(name))

    def objects(self, name: str, *, most: int = MOST_SCORES) -> list["Fields"]:
        """None where the field is missing."""
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise expected(self.where.at(name), "a list", value)
        if len(value) > most:
            raise FileFaultError(
                self.where.at(name), f"{len(value):,} entries; at most {most:,} fit"
            )
        return [Fields(self.where.at(f"{name}[{n}]"), one) for n, one in enumerate(value)]


def parse_object(where: Where, text: str | bytes, *, most: int = MOST_VALUES) -> Fields:
    """A JSON object. NaN and infinities are no JSON and are refused."""
    return Fields(where, parse_json(where, text, most=most))


def parse_json(where: Where, text: str | bytes, *, most: int = MOST_VALUES) -> object:
    """`most` values at most, by the signs that are before them: those within texts count too."""
    n_values = _count(text)
    if n_values > most:
        raise FileFaultError(
            where,
            f"about {n_values:,} values; at most {most:,} are read at once",
            hint="Split it into several, and import them one after the other.",
        )
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        problem = f"expected JSON, and at character {error.pos + 1:,}: {error.msg}"
        raise FileFaultError(where, problem) from None
    except UnicodeDecodeError as error:
        raise FileFaultError(where, f"byte {error.start + 1:,} is no UTF-8") from None
    except RecursionError:
        raise FileFaultError(where, "JSON that is nested too deeply") from None
    except ValueError as error:
        raise FileFaultError(where, str(error)) from None


def _count(text: str | bytes) -> int:
    if isinstance(text, bytes):
        return text.count(b",") + text.count(b"[") + text.count(b"{")
    return text.count(",") + text.count("[") + text.count("{")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON; write null where a value is undefined")


def _fits(value: float) -> bool:
    """Whether a float holds it: JSON may write 1e999, and whole numbers of any length."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
