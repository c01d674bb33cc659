"""How long an explanation is, in bits: what it would take to write it down.

Programs and sentences stand on one axis, so that r can be drawn against length.

A program is measured by a prefix code, which could be read back without separators:
- mode 1 bit, base level 8 bits (levels are worth no more: sign, and seven bits on a log scale);
- how many rules, tables, parts, texts: Elias's gamma code of the number + 1, 2⌊log₂(n+1)⌋ + 1 bits;
- a rule: its predicate and 8 bits for its level;
- a predicate: log₂ 14 bits for its kind, a test of a token log₂ 6 for its kind and 1 for `word`;
- a token from a list: log₂ of the vocabulary's size, and in a table 8 bits for its level;
- a text that is no token (affix, ending, regular expression): its length, then 8 bits per byte;
- small numbers: gamma code; comparisons, shapes and places: log₂ of how many there are.

A sentence is measured at 2.3 bits per character: about what good compressors of English text reach
(order-5 PPM, Cleary and Witten 1984, reports 2.2 to 2.4); people guess at about 1 (Shannon 1951).
Its length in characters takes a gamma code too.

Adding a rule, a table or a text never makes a program shorter.
"""

import math

from analysis.programs.program import (
    Affix,
    And,
    AnyOf,
    At,
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
    Table,
    TextEnds,
    TokenTest,
)
from analysis.programs.walking import leaves_of, tests_of

LEVEL_BITS = 8.0
BITS_PER_CHARACTER = 2.3
KIND_BITS = math.log2(14)
TEST_BITS = math.log2(6) + 1
SHAPE_BITS = math.log2(9)
PLACE_BITS = math.log2(3)
AFFIX_BITS = math.log2(3)
COMPARISON_BITS = math.log2(5)


def bits_of(program: Program, n_vocab: int) -> float:
    """Description length of a program over a vocabulary of so many tokens."""
    token_bits = math.log2(max(n_vocab, 2))
    bits = 1 + LEVEL_BITS + _count(len(program.rules)) + _count(len(program.tables))
    for rule in program.rules:
        bits += _of_predicate(rule.predicate, token_bits) + LEVEL_BITS
    return bits + sum(_of_table(table, token_bits) for table in program.tables)


def bits_of_text(text: str) -> float:
    """Description length of an explanation in words."""
    return _count(len(text)) + BITS_PER_CHARACTER * len(text)


def n_rules(program: Program) -> int:
    """Rules, and tables as one each."""
    return len(program.rules) + len(program.tables)


def n_listed(program: Program) -> int:
    """Tokens and texts that the program lists: in sets and tables, affixes, endings, patterns."""
    in_rules = sum(_listed(rule.predicate) for rule in program.rules)
    return in_rules + sum(len(table.levels) for table in program.tables)


def _of_predicate(predicate: Predicate, token_bits: float) -> float:
    match predicate:
        case At() | AnyOf() | Fading() | Echo():
            rest = _of_places(predicate) + _of_test(predicate.test, token_bits)
        case TextEnds(text):
            rest = _of_bytes(text)
        case PositionIs(_, number) | DepthIs(_, number):
            rest = COMPARISON_BITS + _count(number)
        case Inside():
            rest = PLACE_BITS
        case Repeated(within):
            rest = _count(within)
        case Not(inner):
            rest = _of_predicate(inner, token_bits)
        case And(parts) | Or(parts):
            rest = _count(len(parts)) + sum(_of_predicate(part, token_bits) for part in parts)
        case _:
            rest = 0.0
    return KIND_BITS + rest


def _of_places(predicate: At | AnyOf | Fading | Echo) -> float:
    match predicate:
        case AnyOf(first, last):
            return _count(first) + _count(last)
        case At(number) | Fading(number):
            return _count(number)
        case Echo():
            return 0.0


def _of_test(test: TokenTest, token_bits: float) -> float:
    match test:
        case OneOf(texts):
            rest = _count(len(texts)) + len(texts) * token_bits
        case Affix(_, text):
            rest = AFFIX_BITS + _of_bytes(text)
        case HasShape():
            rest = SHAPE_BITS
        case Matches(pattern):
            rest = _of_bytes(pattern)
        case Near(texts, first):
            rest = _count(len(texts)) + len(texts) * token_bits + _count(first)
        case _:
            rest = 0.0
    return TEST_BITS + rest


def _of_table(table: Table, token_bits: float) -> float:
    n = len(table.levels)
    return _count(table.back) + _count(n) + n * (token_bits + LEVEL_BITS)


def _of_bytes(text: str) -> float:
    size = len(text.encode("utf-8", "surrogatepass"))
    return _count(size) + 8.0 * size


def _count(number: int) -> float:
    """Elias's gamma code of a number from 0."""
    return 2.0 * ((number + 1).bit_length() - 1) + 1.0


def _listed(predicate: Predicate) -> int:
    endings = sum(isinstance(leaf, TextEnds) for leaf in leaves_of(predicate))
    return endings + sum(map(_listed_by_test, tests_of(predicate)))


def _listed_by_test(test: TokenTest) -> int:
    match test:
        case OneOf(texts) | Near(texts):
            return len(texts)
        case Affix() | Matches():
            return 1
        case _:
            return 0
