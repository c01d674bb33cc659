"""A place in a program's text while it is read, and the errors that can be made there."""

import math
from difflib import get_close_matches
from typing import NoReturn

from analysis.programs.errors import error_at
from analysis.programs.lexing import Kind, Piece, pieces_of, text_of
from analysis.programs.program import LARGEST_LEVEL, MOST_LISTED, MOST_PREDICATES, MOST_SCANS

LONGEST_SHOWN = 30
LONGEST_NUMBER = 40


class Cursor:
    def __init__(self, source: str) -> None:
        self._source = source
        self._pieces = pieces_of(source)
        self._at = 0
        self._n_listed = self._n_predicates = self._n_scans = 0

    @property
    def here(self) -> Piece:
        return self._pieces[self._at]

    def is_at(self, shown: str) -> bool:
        """Whether a word or sign stands here; a quoted text is never one."""
        return self.here.shown == shown and self.here.kind != "end"

    def skip(self, shown: str) -> bool:
        found = self.is_at(shown)
        self._at += found
        return found

    def take(self, kind: Kind, expected: str) -> Piece:
        if self.here.kind != kind:
            self.fail_expecting(expected)
        piece = self.here
        self._at += 1
        return piece

    def expect(self, shown: str, purpose: str = "") -> None:
        if not self.skip(shown):
            self.fail_expecting(f"{shown}{f' {purpose}' if purpose else ''}", words=(shown,))

    def choose(self, words: tuple[str, ...], expected: str) -> str:
        """One of some words."""
        if self.here.kind not in {"word", "sign"} or self.here.shown not in words:
            self.fail_expecting(expected, words=words)
        return self.take(self.here.kind, expected).shown

    def text(self, expected: str) -> str:
        """A quoted text, which counts as listed."""
        piece = self.take("text", expected)
        self._n_listed += 1
        if self._n_listed > MOST_LISTED:
            self.fail_at(piece, f"more than {MOST_LISTED:,} texts are listed")
        text = text_of(self._source, piece)
        if not text:
            self.fail_at(piece, "a text without a character", hint='Write at least one: "a".')
        return text

    def whole_number(self, expected: str, *, least: int, most: int) -> int:
        piece = self.take("number", expected)
        digits = piece.shown.lstrip("+-")
        if not digits.isdigit() or len(digits) > LONGEST_NUMBER:
            self.fail_at(piece, f"expected {expected}, a whole number, found {_short(piece)}")
        number = int(piece.shown)
        if not least <= number <= most:
            self.fail_at(
                piece,
                f"{_short(piece)} is out of range: {expected} lies between {least} and {most}",
            )
        return number

    def level(self) -> float:
        if self.here.kind == "word" and self.here.shown.lower() in {"nan", "inf", "infinity"}:
            self.fail_at(self.here, f"{_short(self.here)} is no level", hint="Write a number.")
        piece = self.take("number", "a level, such as 0.5")
        level = float(piece.shown) if len(piece.shown) <= LONGEST_NUMBER else math.inf
        if abs(level) > LARGEST_LEVEL:
            self.fail_at(piece, f"{_short(piece)} is too large a level, or too long a number")
        return level + 0.0

    def count_predicate(self) -> None:
        self._n_predicates += 1
        if self._n_predicates > MOST_PREDICATES:
            self.fail_at(self.here, f"more than {MOST_PREDICATES:,} predicates")

    def count_scan(self) -> None:
        """Counts a test that takes longer than looking up tokens."""
        self._n_scans += 1
        if self._n_scans > MOST_SCANS:
            self.fail_at(
                self.here,
                f"more than {MOST_SCANS} tests that are no lists of tokens",
                hint="Write tokens that belong together as one set: token in {…}.",
            )

    def fail_expecting(self, expected: str, *, words: tuple[str, ...] = ()) -> NoReturn:
        nearest = get_close_matches(self.here.shown[:LONGEST_SHOWN].lower(), words, n=1)
        hint = f"Did you mean `{nearest[0]}`?" if nearest else None
        self.fail_at(self.here, f"expected {expected}, found {_short(self.here)}", hint=hint)

    def fail_at(self, piece: Piece, problem: str, *, hint: str | None = None) -> NoReturn:
        raise error_at(self._source, piece.offset, problem, hint=hint)


def _short(piece: Piece) -> str:
    if piece.kind == "end":
        return "the end of the program"
    cut = piece.shown[:LONGEST_SHOWN]
    return f"{cut}…" if len(piece.shown) > LONGEST_SHOWN else cut
