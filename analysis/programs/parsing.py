"""The text of a program as a `Program`; `writing` is the inverse, docs/programs.md the grammar.

Reads from left to right with one piece in sight, so in time proportional to the text.
"""

from collections.abc import Callable
from typing import Literal

from analysis.programs.cursor import Cursor
from analysis.programs.errors import ProgramError
from analysis.programs.parsing_tests import TEST_WORDS, parse_test
from analysis.programs.program import (
    DEEPEST,
    FARTHEST,
    LARGEST_NUMBER,
    LONGEST_HALF_LIFE,
    MOST_RULES,
    WHOLE_WINDOW,
    Always,
    And,
    AnyOf,
    At,
    Comparison,
    Continues,
    DepthIs,
    Echo,
    Fading,
    Inside,
    Not,
    Or,
    Place,
    PositionIs,
    Predicate,
    Program,
    Repeated,
    Rule,
    Table,
    TextEnds,
)

TOKEN_WORDS = ("token", "word")
PLACES: dict[str, Place] = {"quotes": "quotes", "brackets": "brackets", "code": "code"}
COMPARISONS: dict[str, Comparison] = {"<": "<", "<=": "<=", "=": "=", ">=": ">=", ">": ">"}


def parse_program(source: str) -> Program:
    """A ProgramError says where it cannot be read, and what was expected there."""
    cursor = Cursor(source)
    mode = _mode(cursor)
    rules: list[Rule] = []
    tables: list[Table] = []
    while cursor.is_at("when") or cursor.is_at("table"):
        if len(rules) + len(tables) == MOST_RULES:
            cursor.fail_at(cursor.here, f"more than {MOST_RULES:,} rules")
        if cursor.is_at("when"):
            rules.append(_rule(cursor))
        elif mode == "first":
            cursor.fail_at(
                cursor.here, "a table in a program that takes the `first` rule that holds"
            )
        else:
            tables.append(_table(cursor))
    base = cursor.level() if cursor.skip("otherwise") else None
    if cursor.here.kind != "end":
        expected = "when, table or otherwise" if base is None else "nothing after `otherwise`"
        cursor.fail_expecting(expected, words=("when", "table", "otherwise", "sum", "first"))
    if base is None and not rules and not tables:
        raise ProgramError("the program is empty", hint='Write a rule: when token in {" a"} -> 1')
    return Program(base or 0.0, tuple(rules), tuple(tables), mode)


def parse_predicate(source: str) -> Predicate:
    """What stands between `when` and `->`."""
    cursor = Cursor(source)
    predicate = _either(cursor, 1)
    if cursor.here.kind != "end":
        cursor.fail_expecting("and, or, or the end", words=("and", "or"))
    return predicate


def _mode(cursor: Cursor) -> Literal["sum", "first"]:
    if cursor.skip("first"):
        return "first"
    cursor.skip("sum")
    return "sum"


def _rule(cursor: Cursor) -> Rule:
    cursor.expect("when")
    predicate = _either(cursor, 1)
    cursor.expect("->", "and a level")
    return Rule(predicate, cursor.level())


def _table(cursor: Cursor) -> Table:
    cursor.expect("table")
    cursor.expect("token")
    back = _back(cursor) if cursor.is_at("[") else 0
    cursor.expect("{", "and tokens with their levels")
    levels: list[tuple[str, float]] = []
    while not cursor.skip("}"):
        text = cursor.text("a token in quotes, or }")
        cursor.expect(":", "and a level")
        levels.append((text, cursor.level()))
        if not cursor.is_at("}"):
            cursor.expect(",", "or }")
    return Table(back, tuple(levels))


def _either(cursor: Cursor, depth: int) -> Predicate:
    parts = [_all(cursor, depth)]
    while cursor.skip("or"):
        parts.append(_all(cursor, depth))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _all(cursor: Cursor, depth: int) -> Predicate:
    parts = [_single(cursor, depth)]
    while cursor.skip("and"):
        parts.append(_single(cursor, depth))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _single(cursor: Cursor, depth: int) -> Predicate:
    if depth > DEEPEST:
        cursor.fail_at(cursor.here, f"more than {DEEPEST} predicates in one another")
    if cursor.skip("not"):
        return Not(_single(cursor, depth + 1))
    if cursor.skip("("):
        inner = _either(cursor, depth + 1)
        cursor.expect(")")
        return inner
    word = cursor.choose(tuple(KINDS), "a predicate")
    cursor.count_predicate()
    return KINDS[word](cursor, word)


def _at(cursor: Cursor, word: str) -> Predicate:
    back = _back(cursor) if cursor.is_at("[") else 0
    return At(back, parse_test(cursor, word))


def _any(cursor: Cursor, _word: str) -> Predicate:
    word = cursor.choose(TOKEN_WORDS, "token or word")
    cursor.expect("[", "and two places, such as [-8..-1]")
    first = _place(cursor)
    cursor.expect("..")
    start = cursor.here
    last = _place(cursor)
    if last > first:
        cursor.fail_at(start, "places go from the earlier one to the later one")
    cursor.expect("]")
    return AnyOf(first, last, parse_test(cursor, word))


def _fading(cursor: Cursor, _word: str) -> Predicate:
    cursor.expect("(", "and a half-life in tokens")
    half_life = cursor.whole_number("a half-life", least=1, most=LONGEST_HALF_LIFE)
    cursor.expect(")")
    word = cursor.choose(TOKEN_WORDS, "token or word")
    return Fading(half_life, parse_test(cursor, word))


def _echo(cursor: Cursor, _word: str) -> Predicate:
    word = cursor.choose(TOKEN_WORDS, "token or word") if _is_token(cursor) else "token"
    return Echo(parse_test(cursor, word))


def _is_token(cursor: Cursor) -> bool:
    # A test may follow at once; everything else is answered with what could stand here.
    return not any(map(cursor.is_at, TEST_WORDS))


def _text(cursor: Cursor, _word: str) -> Predicate:
    cursor.expect("ends")
    cursor.count_scan()
    return TextEnds(cursor.text("a text in quotes"))


def _position(cursor: Cursor, _word: str) -> Predicate:
    return PositionIs(*_comparison(cursor))


def _depth(cursor: Cursor, _word: str) -> Predicate:
    return DepthIs(*_comparison(cursor))


def _comparison(cursor: Cursor) -> tuple[Comparison, int]:
    comparison = COMPARISONS[cursor.choose(tuple(COMPARISONS), "<, <=, =, >= or >")]
    return comparison, cursor.whole_number("the number", least=0, most=LARGEST_NUMBER)


def _inside(cursor: Cursor, _word: str) -> Predicate:
    return Inside(PLACES[cursor.choose(tuple(PLACES), "quotes, brackets or code")])


def _repeated(cursor: Cursor, _word: str) -> Predicate:
    if not cursor.skip("within"):
        return Repeated()
    return Repeated(cursor.whole_number("a number of tokens", least=1, most=WHOLE_WINDOW))


def _back(cursor: Cursor) -> int:
    cursor.expect("[")
    back = _place(cursor)
    cursor.expect("]")
    return back


def _place(cursor: Cursor) -> int:
    """How many places before this token: -1 is the one before."""
    piece = cursor.here
    place = cursor.whole_number("a place", least=-FARTHEST, most=FARTHEST)
    if place > 0:
        cursor.fail_at(
            piece,
            f"{place} looks ahead",
            hint="A program sees the tokens up to this one: write [-1] for the one before.",
        )
    return -place


KINDS: dict[str, Callable[[Cursor, str], Predicate]] = {
    "token": _at,
    "word": _at,
    "any": _any,
    "fading": _fading,
    "echo": _echo,
    "text": _text,
    "position": _position,
    "depth": _depth,
    "inside": _inside,
    "repeated": _repeated,
    "continues": lambda _cursor, _word: Continues(),
    "always": lambda _cursor, _word: Always(),
}
