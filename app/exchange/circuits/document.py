"""A file that is one JSON object, an entry at a time, and what is a list of it an item at a time.

A list of a million links is never in memory as a million objects; the file's text is.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from app.exchange.faults import FileFaultError, Where, expected
from app.exchange.fields import MOST_OF_DOCUMENT
from app.exchange.input import InputFile

SPACE: Final = re.compile(r"[ \t\n\r]*")
TOO_LARGE: Final = (
    "Prune it where it was made (circuit-tracer: a lower node_threshold or edge_threshold), and "
    "import the smaller one."
)
SCAN: Final = json.JSONDecoder().raw_decode
"""A value and where it ends. NaN passes: whoever takes the value says which field has it."""


class Document:
    """FileFaultError: it is no JSON object, or too large to be read."""

    def __init__(self, file: InputFile) -> None:
        self.where = file.where(1, "document")
        self._file = file
        self._text = _text(file)
        self._starts = self._find_entries()

    def __iter__(self) -> Iterator[str]:
        return iter(self._starts)

    def value(self, name: str) -> Any:  # noqa: ANN401 - as JSON has it
        """None where there is no such entry."""
        start = self._starts.get(name)
        return None if start is None else self._scan(start)[0]

    def items(self, name: str) -> Iterator[Any]:
        """Of what must be a list."""
        start = self._starts.get(name)
        if start is None or self._text[start] != "[":
            raise expected(self.where.at(name), "a list", self.value(name))
        return (value for value, _ in self._walk(start))

    def place(self, what: str, number: int) -> Where:
        """Of an item, from 1, by what it is."""
        return self._file.where(number, what)

    def _find_entries(self) -> dict[str, int]:
        starts: dict[str, int] = {}
        at = self._after_space(0)
        if self._text[at : at + 1] != "{":
            raise self._fault(at, "expected an object")
        at = self._after_space(at + 1)
        while self._text[at : at + 1] != "}":
            if starts:
                at = self._expect(",", at)
            if self._text[at : at + 1] != '"':
                raise self._fault(at, "expected a name in double quotes")
            name, end = self._scan(at)
            if name in starts:
                raise self._fault(at, f"a second entry {name[:60]!r}")
            start = self._expect(":", self._after_space(end))
            starts[name] = start
            at = self._after_space(self._end(start))
        if self._after_space(at + 1) != len(self._text):
            raise self._fault(self._after_space(at + 1), "expected the end of the file")
        return starts

    def _end(self, start: int) -> int:
        """Where the value ends that begins there."""
        if self._text[start : start + 1] != "[":
            return self._scan(start)[1]
        end = self._after_space(start + 1)
        for _, end in self._walk(start):  # noqa: B007 - the last one's end
            pass
        return self._text.index("]", end) + 1

    def _walk(self, start: int) -> Iterator[tuple[Any, int]]:
        """The items of a list, each with where the space behind it ends."""
        at = self._after_space(start + 1)
        if self._text[at : at + 1] == "]":
            return
        while True:
            value, end = self._scan(at)
            at = self._after_space(end)
            yield value, at
            if self._text[at : at + 1] == "]":
                return
            at = self._expect(",", at)

    def _scan(self, at: int) -> tuple[Any, int]:
        try:
            return SCAN(self._text, at)
        except json.JSONDecodeError as error:
            raise self._fault(error.pos, error.msg) from None
        except RecursionError:
            raise self._fault(at, "nested too deeply") from None
        except ValueError as error:  # digits without end
            raise self._fault(at, str(error)) from None

    def _expect(self, sign: str, at: int) -> int:
        if self._text[at : at + 1] != sign:
            raise self._fault(at, f"expected {sign!r}")
        return self._after_space(at + 1)

    def _after_space(self, at: int) -> int:
        found = SPACE.match(self._text, at)
        return at if found is None else found.end()

    def _fault(self, at: int, problem: str) -> FileFaultError:
        return FileFaultError(
            self._file.where(at + 1, "character"),
            f"no JSON: {problem}",
            hint="Fetch or make the file again: it is cut, damaged, or of another format.",
        )


def _text(file: InputFile) -> str:
    content = file.whole(hint=TOO_LARGE)
    n_values = content.count(b",") + content.count(b"[") + content.count(b"{")
    if n_values > MOST_OF_DOCUMENT:
        raise FileFaultError(
            file.where(1),
            f"about {n_values:,} values; at most {MOST_OF_DOCUMENT:,} are read",
            hint=TOO_LARGE,
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFaultError(
            file.where(error.start + 1, "byte"),
            "no UTF-8",
            hint="Save the file as UTF-8, which JSON is written in.",
        ) from None
