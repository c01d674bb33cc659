"""What a reader of a format gives: its rows one by one, each parsed only when it is asked for.

So an import that goes on passes over what is done without parsing it again.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from app.exchange.faults import Where
from app.exchange.fields import Fields, parse_object
from app.exchange.input import InputFile
from app.store.portable import ExplanationRecord

Records = Sequence[ExplanationRecord]


class Row(NamedTuple):
    """A line, row or entry of a file."""

    where: Where
    parse: Callable[[], Records]
    """FileFaultError: it is not what it must be. Empty: it holds no explanation."""


class Reader(Protocol):
    def __call__(self, file: InputFile) -> Iterator[Row]: ...


def read_json_lines(file: InputFile, take: Callable[[Fields], Records]) -> Iterator[Row]:
    """One JSON object a line; empty lines hold nothing."""
    for number, line in enumerate(file.lines(), start=1):
        where = file.where(number)
        yield Row(where, partial(_parse_line, where, line, take))


def _parse_line(where: Where, line: bytes, take: Callable[[Fields], Records]) -> Records:
    return take(parse_object(where, line)) if line.strip() else ()
