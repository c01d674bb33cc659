"""A file that is one JSON object, an entry at a time, and its long lists an item at a time.

A list of a million links is never in memory as a million objects; the file's bytes are. What is
not such a list is small, and is refused by its size before it is read (`windows`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.exchange.circuits.windows import LongValueError, Walk, check_utf8, n_characters
from app.exchange.details import shown_name
from app.exchange.faults import FileFaultError, Where, expected, shown
from app.exchange.fields import MOST_FIELDS, MOST_OF_DOCUMENT
from app.exchange.input import InputFile

LONGEST_ENTRY: Final = 4 * 2**20
"""Bytes of one that is no long list."""
LONGEST_ITEM: Final = 2**16
"""Bytes of one of a long list."""
MARK: Final = b"\xef\xbb\xbf"
TOO_LARGE: Final = (
    "Prune it where it was made (circuit-tracer: a lower node_threshold or edge_threshold), and "
    "import the smaller one."
)


@dataclass(frozen=True)
class Span:
    start: int
    n_bytes: int


class Document:
    """`long`: entries that are lists of any length. FileFaultError: it is no JSON object, or too
    large to be read."""

    def __init__(self, file: InputFile, *, long: tuple[str, ...]) -> None:
        self.where = file.where(1, "document")
        self._file = file
        self._long = long
        self._content = _content(file)
        self._spans = self._find_entries()

    def __iter__(self) -> Iterator[str]:
        return iter(self._spans)

    def n_bytes(self, name: str) -> int:
        """Of an entry, as it is written."""
        return self._spans[name].n_bytes

    def value(self, name: str) -> Any:  # noqa: ANN401 - as JSON has it
        """Of no long list; None where there is no such entry."""
        span = self._spans.get(name)
        return None if span is None else self._walk(span.start).value(LONGEST_ENTRY)

    def items(self, name: str) -> Iterator[Any]:
        """Of what must be a list."""
        span = self._spans.get(name)
        if span is None or self._content[span.start : span.start + 1] != b"[":
            raise expected(self.where.at(name), "a list", self.value(name))
        return _items(self._walk(span.start), self.where.at(name))

    def place(self, what: str, number: int) -> Where:
        """Of an item, from 1, by what it is."""
        return self._file.where(number, what)

    def _find_entries(self) -> dict[str, Span]:
        spans: dict[str, Span] = {}
        walk = self._walk(len(MARK) if self._content.startswith(MARK) else 0)
        if walk.sign() != "{":
            raise walk.fault("expected an object")
        walk.expect("{")
        while walk.sign() != "}":
            if spans:
                walk.expect(",")
            if walk.sign() != '"':
                raise walk.fault("expected a name in double quotes")
            name = _value(walk, LONGEST_ITEM, self.where)
            if name in spans:
                raise walk.fault(f"a second entry {shown(name)}")
            if len(spans) == MOST_FIELDS:
                raise FileFaultError(self.where, f"more than {MOST_FIELDS:,} entries")
            walk.expect(":")
            is_list = walk.sign() == "["
            start = walk.at
            if is_list and name in self._long:
                for _ in _items(walk, self.where.at(name)):
                    pass
            else:
                _value(walk, LONGEST_ENTRY, self.where.at(shown_name(name)))
            spans[name] = Span(start, walk.at - start)
        walk.expect("}")
        if walk.sign():
            raise walk.fault("expected the end of the file")
        return spans

    def _walk(self, start: int) -> Walk:
        return Walk(self._content, start, self._fault)

    def _fault(self, at: int, problem: str) -> FileFaultError:
        before = n_characters(self._content[:at].removeprefix(MARK))
        return FileFaultError(
            self._file.where(before + 1, "character"),
            f"no JSON: {problem}",
            hint="Fetch or make the file again: it is cut, damaged, or of another format.",
        )


def _value(walk: Walk, most: int, where: Where) -> Any:  # noqa: ANN401 - as JSON has it
    try:
        return walk.value(most)
    except LongValueError as error:
        raise FileFaultError(where, str(error), hint=TOO_LARGE) from None


def _items(walk: Walk, where: Where) -> Iterator[Any]:
    """Of the list that the walk stands before; it then stands behind it."""
    number = 0
    walk.expect("[")
    if walk.sign() == "]":
        walk.expect("]")
        return
    while True:
        try:
            yield walk.value(LONGEST_ITEM)
        except LongValueError as error:
            raise FileFaultError(where.at(f"[{number}]"), str(error), hint=TOO_LARGE) from None
        number += 1
        if walk.sign() == "]":
            walk.expect("]")
            return
        walk.expect(",")


def _content(file: InputFile) -> bytes:
    content = file.whole(hint=TOO_LARGE)
    n_values = content.count(b",") + content.count(b"[") + content.count(b"{")
    if n_values > MOST_OF_DOCUMENT:
        raise FileFaultError(
            file.where(1),
            f"about {n_values:,} values; at most {MOST_OF_DOCUMENT:,} are read",
            hint=TOO_LARGE,
        )
    wrong = check_utf8(content)
    if wrong is not None:
        raise FileFaultError(
            file.where(wrong + 1, "byte"),
            "no UTF-8",
            hint="Save the file as UTF-8, which JSON is written in.",
        )
    return content
