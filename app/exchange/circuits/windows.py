"""The text of a large JSON file, decoded a window at a time by whoever walks through it.

As one text it would be of four bytes a character as soon as one sign of it needs that; and a value
that is read in one go holds up all other threads until it ends. So what is decoded at once is
bounded, and a value that is longer than it may be is refused before it is built.
"""

import codecs
import json
import re
from collections.abc import Callable
from typing import Any, Final

from app.exchange.faults import FileFaultError

SPACE: Final = re.compile(r"[ \t\n\r]*")
AT_ONCE: Final = 2**18
"""Bytes that are decoded at once, where values are short."""
MARGIN: Final = 16
"""So near to the end of a window, what is wrong may only be cut: a number, a word, an escape."""
SCAN: Final = json.JSONDecoder().raw_decode
"""A value and where it ends. NaN passes: whoever takes the value says which field has it."""
CONTINUING: Final = bytes(range(0x80, 0xC0))
"""Bytes that begin no character in UTF-8."""

Fault = Callable[[int, str], FileFaultError]
"""Of a byte and what is wrong there."""


class LongValueError(Exception):
    """A value is larger than it may be; as what, only the caller knows."""


class Walk:
    """Forward through JSON text, from a byte of it on."""

    def __init__(self, content: bytes, at: int, fault: Fault) -> None:
        self._content = memoryview(content)
        self._fault = fault
        self._at = 0
        self._move(at, AT_ONCE)

    @property
    def at(self) -> int:
        """The byte that it stands before."""
        if self._plain:
            return self._start + self._at
        return self._start + len(self._text[: self._at].encode())

    def sign(self) -> str:
        """The next one that is no space, which is then stood before; "" at the end."""
        sign = self._text[self._at : self._at + 1]
        if sign > " ":  # as nearly always
            return sign
        while True:
            found = SPACE.match(self._text, self._at)
            self._at = self._at if found is None else found.end()
            if self._at < len(self._text) or self._is_last:
                return self._text[self._at : self._at + 1]
            self._move(self.at, AT_ONCE)

    def expect(self, sign: str) -> None:
        """Goes past it. FileFaultError: another one is there."""
        if self.sign() != sign:
            raise self.fault(f"expected {sign!r}")
        self._at += 1

    def value(self, most: int) -> Any:  # noqa: ANN401 - as JSON has it
        """The next one, of at most so many bytes. FileFaultError: it is none; LongValueError."""
        self.sign()
        found = self._scan()
        if found is None:
            self._move(self.at, max(AT_ONCE, most + MARGIN))
            found = self._scan()
        if found is None or found[1] - self._at > most:
            raise LongValueError(f"more than {most:,} bytes")
        value, self._at = found
        return value

    def fault(self, problem: str, ahead: int = 0) -> FileFaultError:
        self._at += ahead
        return self._fault(self.at, problem)

    def _scan(self) -> tuple[Any, int] | None:
        """The value and where it ends; None: it may go on behind the window."""
        try:
            value, end = SCAN(self._text, self._at)
        except json.JSONDecodeError as error:
            unended = error.msg.startswith("Unterminated")
            if not self._is_last and (unended or error.pos > len(self._text) - MARGIN):
                return None
            raise self.fault(error.msg, error.pos - self._at) from None
        except RecursionError:
            raise self.fault("nested too deeply") from None
        except ValueError as error:  # digits without end
            raise self.fault(str(error)) from None
        is_whole = self._is_last or end <= len(self._text) - MARGIN  # of 1.5e9, 1.5 is a number too
        return (value, end) if is_whole else None

    def _move(self, start: int, size: int) -> None:
        """The window from there on."""
        end = min(start + size, len(self._content))
        self._is_last = end == len(self._content)
        self._text, n_bytes = codecs.utf_8_decode(self._content[start:end], "strict", self._is_last)
        self._plain = len(self._text) == n_bytes
        self._start = start
        self._at = 0


def check_utf8(content: bytes) -> int | None:
    """The byte at which it is no UTF-8; None where it is."""
    whole = memoryview(content)
    at = 0
    while at < len(content):
        part = whole[at : at + AT_ONCE]
        try:
            at += codecs.utf_8_decode(part, "strict", at + len(part) == len(content))[1]
        except UnicodeDecodeError as error:
            return at + error.start
    return None


def n_characters(content: bytes) -> int:
    """Of text in UTF-8, without making it."""
    return len(content.translate(None, CONTINUING))
