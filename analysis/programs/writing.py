"""A program as text, one rule a line: what `parsing` reads back exactly.

Levels are written with at most six significant digits; `as_written` rounds one so.
"""

from analysis.programs.errors import ProgramError
from analysis.programs.program import (
    LARGEST_LEVEL,
    WHOLE_WINDOW,
    Affix,
    Always,
    And,
    AnyOf,
    At,
    Continues,
    DepthIs,
    Echo,
    Fading,
    HasShape,
    Inside,
    Matches,
    Near,
    Not,
    OneOf,
    Or,
    PositionIs,
    Predicate,
    Program,
    Repeated,
    StartsWord,
    Table,
    TextEnds,
    TokenTest,
)

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write_program(program: Program) -> str:
    lines: list[str] = [program.mode]
    lines += [
        f"when {write_predicate(rule.predicate)} -> {write_level(rule.level)}"
        for rule in program.rules
    ]
    lines += map(_write_table, program.tables)
    lines.append(f"otherwise {write_level(program.base)}")
    return "\n".join(lines) + "\n"


def as_written(level: float) -> float:
    """The level that is left when a program has been written and read."""
    return float(write_level(level))


def write_level(level: float) -> str:
    if not abs(level) <= LARGEST_LEVEL:
        raise ProgramError(
            f"{level} cannot be a level", hint=f"Levels lie between ±{LARGEST_LEVEL:g}."
        )
    # A zero with a sign is the same level as one without.
    return f"{level + 0.0:.6g}"


def write_predicate(predicate: Predicate) -> str:
    match predicate:
        case Not(inner):
            bracketed = isinstance(inner, And | Or)
            return f"not {_bracket(inner) if bracketed else write_predicate(inner)}"
        case And(parts):
            return " and ".join(
                _bracket(part) if isinstance(part, And | Or) else write_predicate(part)
                for part in parts
            )
        case Or(parts):
            return " or ".join(
                _bracket(part) if isinstance(part, Or) else write_predicate(part) for part in parts
            )
        case _:
            return _write_one(predicate)


def quote(text: str) -> str:
    """A text in quotes; what cannot be seen is escaped."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _write_one(predicate: Predicate) -> str:
    match predicate:
        case At(back, test):
            return f"{_of_token(test)}{f'[-{back}]' if back else ''} {_write_test(test)}"
        case AnyOf(first, last, test):
            places = f"[{_place(first)}..{_place(last)}]"
            return f"any {_of_token(test)}{places} {_write_test(test)}"
        case Fading(half_life, test):
            return f"fading({half_life}) {_of_token(test)} {_write_test(test)}"
        case Echo(test):
            return f"echo {'word ' if _of_token(test) == 'word' else ''}{_write_test(test)}"
        case TextEnds(text):
            return f"text ends {quote(text)}"
        case _:
            return _write_place(predicate)


def _write_place(predicate: Predicate) -> str:
    match predicate:
        case PositionIs(comparison, number):
            return f"position {comparison} {number}"
        case DepthIs(comparison, number):
            return f"depth {comparison} {number}"
        case Inside(place):
            return f"inside {place}"
        case Repeated(within):
            return "repeated" if within == WHOLE_WINDOW else f"repeated within {within}"
        case Continues():
            return "continues"
        case Always():
            return "always"
        case _:
            raise TypeError(f"{predicate!r} is no predicate")


def _write_test(test: TokenTest) -> str:
    match test:
        case OneOf(texts):
            return f"in {_write_set(texts)}"
        case Affix(kind, text):
            return f"{kind} {quote(text)}"
        case HasShape(shape):
            return f"is {shape}"
        case StartsWord():
            return "starts word"
        case Matches(pattern):
            return f"matches /{_escape_slashes(pattern)}/"
        case Near(texts, first):
            return f"near {_write_set(texts)} first {first}"


def _write_table(table: Table) -> str:
    of_token = f"token[-{table.back}]" if table.back else "token"
    entries = ", ".join(f"{quote(text)}: {write_level(level)}" for text, level in table.levels)
    return f"table {of_token} {{{entries}}}"


def _of_token(test: TokenTest) -> str:
    return "word" if getattr(test, "folded", False) else "token"


def _place(back: int) -> str:
    return f"-{back}" if back else "0"


def _write_set(texts: tuple[str, ...]) -> str:
    return "{" + ", ".join(map(quote, texts)) + "}"


def _bracket(predicate: Predicate) -> str:
    return f"({write_predicate(predicate)})"


def _escaped(letter: str) -> str:
    if letter in ESCAPES:
        return ESCAPES[letter]
    return letter if letter.isprintable() else f"\\u{{{ord(letter):X}}}"


def _escape_slashes(pattern: str) -> str:
    """Slashes inside a pattern; one that is escaped already stays so."""
    pieces, skip = [], False
    for letter in pattern:
        pieces.append("\\/" if letter == "/" and not skip else letter)
        skip = letter == "\\" and not skip
    return "".join(pieces)
