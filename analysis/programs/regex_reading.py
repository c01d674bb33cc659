"""The text of a regular expression as a tree; `regex` says what is known."""

import string
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from analysis.programs.errors import ProgramError
from analysis.programs.program import LONGEST_TEXT

DEEPEST_GROUP = 16
LARGEST_COUNT = 1_000
HINT = "docs/programs.md lists what regular expressions may hold here."

CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}
QUANTIFIERS = {"?": (0, 1), "*": (0, None), "+": (1, None)}


@dataclass(frozen=True)
class Span:
    """The characters from one to another."""

    low: str
    high: str

    def accepts(self, letter: str) -> bool:
        return self.low <= letter <= self.high


@dataclass(frozen=True)
class Kind:
    r"""A class by its letter: \\d, \\w, \\s; capitals are their opposites."""

    letter: str

    def accepts(self, letter: str) -> bool:
        match self.letter.lower():
            case "d":
                found = letter.isdigit()
            case "w":
                found = letter.isalnum() or letter == "_"
            case _:
                found = letter.isspace()
        return found != self.letter.isupper()


@dataclass(frozen=True)
class Atom:
    """One character of any of these kinds, or of none of them."""

    members: tuple[Span | Kind, ...]
    negated: bool = False

    def accepts(self, letter: str) -> bool:
        return any(member.accepts(letter) for member in self.members) != self.negated


@dataclass(frozen=True)
class Several:
    """Parts one after the other, or any one of them."""

    parts: tuple["Node", ...]
    either: bool = False


@dataclass(frozen=True)
class Repeat:
    inner: "Node"
    least: int
    most: int | None


Node: TypeAlias = Atom | Several | Repeat

NOT_A_BREAK = Atom((Span("\n", "\n"),), negated=True)


def size_of(node: Node) -> int:
    """Characters of the pattern with its counts written out."""
    match node:
        case Atom():
            return 1
        case Several(parts):
            return sum(map(size_of, parts))
        case Repeat(inner, least, most):
            return size_of(inner) * (max(least, 1) if most is None else most)


def read_pattern(source: str) -> Node:
    if len(source) > LONGEST_TEXT:
        raise ProgramError(
            f"the regular expression has {len(source)} characters; {LONGEST_TEXT} are allowed",
            hint=HINT,
        )
    for place, letter in enumerate(source):
        if not letter.isprintable():
            raise ProgramError(
                f"the regular expression holds an invisible character at place {place + 1}",
                hint="Write \\n, \\t or \\u00A0 for it.",
            )
    return _Reader(source).whole()


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        self._skip("^")
        node = self._choice()
        if self._at < len(self._source):
            self._fail("a ) that closes nothing")
        return node

    def _choice(self) -> Node:
        parts = [self._sequence()]
        while self._skip("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Several(tuple(parts), either=True)

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._source) and self._source[self._at] not in "|)":
            if self._source[self._at :] == "$":
                self._at += 1
                break
            parts.append(self._quantified())
        return parts[0] if len(parts) == 1 else Several(tuple(parts))

    def _quantified(self) -> Node:
        node = self._single()
        counts = self._counts()
        if counts is None:
            return node
        if self._peek() in {"?", "*", "+", "{"}:
            self._fail("a count after a count")
        return Repeat(node, *counts)

    def _single(self) -> Node:
        letter = self._take()
        match letter:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return NOT_A_BREAK
            case "\\":
                return Atom((self._escape(),))
            case "?" | "*" | "+" | "{":
                self._fail(f"a {letter} with nothing before it", back=1)
            case "^" | "$":
                self._fail(f"a {letter} inside; the whole token is matched anyway", back=1)
        return Atom((Span(letter, letter),))

    def _group(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST_GROUP:
            self._fail(f"more than {DEEPEST_GROUP} groups in one another", back=1)
        if self._skip("?") and not self._skip(":"):
            self._fail("a group of a kind that is not known here")
        node = self._choice()
        if not self._skip(")"):
            self._fail("a group without its )")
        self._depth -= 1
        return node

    def _class(self) -> Atom:
        negated = self._skip("^")
        members: list[Span | Kind] = []
        if self._peek() == "]":
            self._fail("an empty class; write \\] for the sign itself")
        while not self._skip("]"):
            members.append(self._member())
        return Atom(tuple(members), negated)

    def _member(self) -> Span | Kind:
        low = self._one()
        if isinstance(low, Kind) or self._peek() != "-" or self._peek(1) in {"]", ""}:
            return low
        self._at += 1
        high = self._one()
        if isinstance(high, Kind) or high.low < low.low:
            self._fail("a range that ends before it begins", back=1)
        return Span(low.low, high.low)

    def _one(self) -> Span | Kind:
        letter = self._take(within="a class without its ]")
        return self._escape() if letter == "\\" else Span(letter, letter)

    def _escape(self) -> Span | Kind:
        letter = self._take(within="a \\ with nothing after it")
        if letter in "dwsDWS":
            return Kind(letter)
        if letter in CONTROLS:
            return Span(CONTROLS[letter], CONTROLS[letter])
        if letter == "u":
            digits = self._source[self._at : self._at + 4]
            if len(digits) < 4 or any(digit not in string.hexdigits for digit in digits):
                self._fail("a \\u without its four hexadecimal digits")
            self._at += 4
            return Span(chr(int(digits, 16)), chr(int(digits, 16)))
        if letter.isalnum():
            self._fail(f"a \\{letter}, which is not known here", back=2)
        return Span(letter, letter)

    def _counts(self) -> tuple[int, int | None] | None:
        letter = self._peek()
        if letter in QUANTIFIERS:
            self._at += 1
            return QUANTIFIERS[letter]
        if letter != "{":
            return None
        end = self._source.find("}", self._at)
        least, comma, most = self._source[self._at + 1 : max(end, 0)].partition(",")
        numbers = [least, *([most] if comma and most else [])]
        if end < 0 or not all(number.isascii() and number.isdigit() for number in numbers):
            self._fail("a { that is no count; write \\{ for the sign itself")
        low = int(least)
        high = (int(most) if most else None) if comma else low
        if max(low, high or 0) > LARGEST_COUNT:
            self._fail(f"a count above {LARGEST_COUNT}")
        if high is not None and high < low:
            self._fail("a count that ends before it begins")
        self._at = end + 1
        return low, high

    def _peek(self, ahead: int = 0) -> str:
        return self._source[self._at + ahead : self._at + ahead + 1]

    def _skip(self, letter: str) -> bool:
        found = self._peek() == letter
        self._at += found
        return found

    def _take(self, within: str = "an end too early") -> str:
        letter = self._peek()
        if not letter:
            self._fail(within)
        self._at += 1
        return letter

    def _fail(self, problem: str, *, back: int = 0) -> NoReturn:
        place = self._at - back + 1
        raise ProgramError(f"the regular expression has {problem}, at its place {place}", hint=HINT)
