"""The text of a program as a list of pieces: words, numbers, quoted texts, signs.

One pass from left to right, with a pattern of our own that never goes back.
"""

import re
from dataclasses import dataclass
from typing import Literal

from analysis.programs.errors import ProgramError, error_at
from analysis.programs.program import LONGEST_TEXT, MOST_CHARACTERS

Kind = Literal["word", "number", "text", "pattern", "sign", "end"]

PIECES = re.compile(
    r"""(?P<blank>(?:[ \t\r\n\v\f\u00a0\ufeff]|\#[^\n]*)+)
    |(?P<word>[A-Za-z_][A-Za-z_]*)
    |(?P<number>[+-]?[0-9]+(?:\.(?!\.)[0-9]*)?(?:[eE][+-]?[0-9]+)?|[+-]?\.(?!\.)[0-9]+)
    |(?P<text>"(?:[^"\\\n]|\\[^\n])*")
    |(?P<pattern>/(?:[^/\\\n]|\\[^\n])*/)
    |(?P<sign>->|\.\.|<=|>=|[<>=\[\]{}(),:-])
    """,
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
PLAIN_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
LAST_CHARACTER = 0x10FFFF
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    shown: str
    """As it stands in the program."""
    offset: int


def pieces_of(source: str) -> list[Piece]:
    """All pieces, and one of kind `end` behind them."""
    if len(source) > MOST_CHARACTERS:
        raise ProgramError(
            f"the program has {len(source):,} characters; at most {MOST_CHARACTERS:,} are allowed"
        )
    pieces, at = [], 0
    while at < len(source):
        match = PIECES.match(source, at)
        if match is None:
            raise _stray(source, at)
        kind = match.lastgroup
        if kind != "blank":
            pieces.append(Piece(kind, match[0], at))  # type: ignore[arg-type] # named above
        at = match.end()
    pieces.append(Piece("end", "", len(source)))
    return pieces


def text_of(source: str, piece: Piece) -> str:
    """What a quoted text stands for."""
    inner = piece.shown[1:-1]
    if len(inner) > 12 * LONGEST_TEXT:
        text = inner
    else:
        text = _unescaped(source, piece, inner) if "\\" in inner else inner
    if len(text) > LONGEST_TEXT:
        raise error_at(
            source,
            piece.offset,
            f"this text is longer than {LONGEST_TEXT} characters",
            hint="A token or an ending is shorter; did you forget a closing quote?",
        )
    if not text.isascii() and SURROGATE.search(text):
        raise error_at(
            source,
            piece.offset,
            "this text holds half a character (a surrogate)",
            hint="A byte that is no text by itself is written as it is shown: ⟨E2⟩.",
        )
    return text


def _unescaped(source: str, piece: Piece, inner: str) -> str:
    def letter(match: re.Match[str]) -> str:
        offset = piece.offset + 1 + match.start()
        if match[3] is not None:
            if match[3] not in PLAIN_ESCAPES:
                raise error_at(
                    source,
                    offset,
                    f"\\{match[3]} stands for nothing",
                    hint='Known are \\", \\\\, \\n, \\t, \\r, \\u00E9 and \\u{1F600}.',
                )
            return PLAIN_ESCAPES[match[3]]
        code = int(match[1] or match[2], 16)
        if code > LAST_CHARACTER:
            raise error_at(source, offset, f"there is no character {match[0]}")
        return chr(code)

    return ESCAPE.sub(letter, inner)


def _stray(source: str, at: int) -> ProgramError:
    letter = source[at]
    if letter == '"':
        return error_at(
            source,
            at,
            "a text that is not closed in its line",
            hint='Write " at its end; inside a text write \\" for a quote, \\n for a line break.',
        )
    if letter == "/":
        return error_at(
            source,
            at,
            "a regular expression that is not closed in its line",
            hint="Write / at its end; inside it write \\/.",
        )
    if letter in "“”'‘’":
        return error_at(
            source,
            at,
            f"{letter} where a quote should be",
            hint='Texts stand in straight quotes: ".',
        )
    name = letter if letter.isprintable() else f"U+{ord(letter):04X}"
    return error_at(source, at, f"{name} has no meaning here")
