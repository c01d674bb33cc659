"""The part of a predicate that is true or false of a token by itself."""

from typing import Literal

from analysis.programs.cursor import Cursor
from analysis.programs.errors import ProgramError
from analysis.programs.program import (
    MOST_NEAR,
    Affix,
    HasShape,
    Matches,
    Near,
    OneOf,
    Shape,
    StartsWord,
    TokenTest,
)
from analysis.programs.regex import compile_pattern

SHAPES: tuple[Shape, ...] = (
    "lower", "capitalised", "upper", "mixed", "number", "punctuation", "space", "newline", "other",
)  # fmt: skip
AFFIXES: dict[str, Literal["starts", "ends", "contains"]] = {
    "starts": "starts",
    "ends": "ends",
    "contains": "contains",
}
TEST_WORDS = ("in", *AFFIXES, "is", "matches", "near")


def parse_test(cursor: Cursor, word: str) -> TokenTest:
    """What stands behind `token` or `word`."""
    folded = word == "word"
    if folded and (cursor.is_at("is") or cursor.is_at("near")):
        cursor.fail_at(
            cursor.here, f"`word {cursor.here.shown}` means nothing", hint="Write `token` instead."
        )
    kind = cursor.choose(TEST_WORDS, "in, starts, ends, contains, is, matches or near")
    if kind not in {"in", "is"}:
        cursor.count_scan()
    match kind:
        case "in":
            return OneOf(parse_set(cursor), folded)
        case "is":
            return HasShape(_shape(cursor))
        case "matches":
            return Matches(_pattern(cursor), folded)
        case "near":
            texts = parse_set(cursor)
            cursor.expect("first", "and how many tokens")
            return Near(texts, cursor.whole_number("a number of tokens", least=1, most=MOST_NEAR))
    if kind == "starts" and not folded and cursor.skip("word"):
        return StartsWord()
    return Affix(AFFIXES[kind], cursor.text("a text in quotes"), folded)


def parse_set(cursor: Cursor) -> tuple[str, ...]:
    cursor.expect("{", "and tokens in quotes")
    texts = [cursor.text("a token in quotes")]
    while not cursor.skip("}"):
        cursor.expect(",", "or }")
        if cursor.skip("}"):
            break
        texts.append(cursor.text("a token in quotes"))
    return tuple(texts)


def _shape(cursor: Cursor) -> Shape:
    chosen = cursor.choose(SHAPES, "a shape: " + ", ".join(SHAPES))
    return next(shape for shape in SHAPES if shape == chosen)


def _pattern(cursor: Cursor) -> str:
    piece = cursor.take("pattern", "a regular expression between slashes")
    pattern = _bare_slashes(piece.shown[1:-1])
    try:
        compile_pattern(pattern)
    except ProgramError as error:
        cursor.fail_at(piece, error.problem, hint=error.hint)
    return pattern


def _bare_slashes(pattern: str) -> str:
    """Without the backslashes that keep a slash from ending the pattern."""
    pieces: list[str] = []
    at = 0
    while at < len(pattern):
        pair = pattern[at : at + 2] if pattern[at] == "\\" else pattern[at]
        pieces.append("/" if pair == "\\/" else pair)
        at += len(pair)
    return "".join(pieces)
