"""Programs of every kind, at random, for properties that all programs have."""

from hypothesis import strategies as st

from analysis.programs.parsing_tests import SHAPES
from analysis.programs.program import (
    DEEPEST,
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
    Rule,
    StartsWord,
    Table,
    TextEnds,
)
from analysis.programs.writing import as_written

SOME = [" a", "a", "A", "b", "(", "The", "12", "\n", '"', "\\", "⟨E2⟩", "x_y", "#", "->", "\x00"]
TEXTS = st.sampled_from(SOME) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6
)
SETS = st.lists(TEXTS, min_size=1, max_size=4).map(tuple)
LEVELS = st.floats(-1e15, 1e15).map(as_written)
PATTERNS = st.sampled_from(
    ["a", "a+b*", "[a-z]{2,3}", r"\d+|\w", " ?(x|yz)", "a/b", r"\\", r"\/"[1:]]
)
COMPARISONS = st.sampled_from(["<", "<=", "=", ">=", ">"])

TESTS = st.one_of(
    st.builds(OneOf, SETS, st.booleans()),
    st.builds(Affix, st.sampled_from(["starts", "ends", "contains"]), TEXTS, st.booleans()),
    st.builds(HasShape, st.sampled_from(SHAPES)),
    st.just(StartsWord()),
    st.builds(Matches, PATTERNS, st.booleans()),
    st.builds(Near, SETS, st.integers(1, 50)),
)
LEAVES = st.one_of(
    st.builds(At, st.integers(0, 64), TESTS),
    st.tuples(st.integers(0, 64), st.integers(0, 64), TESTS).map(
        lambda drawn: AnyOf(max(drawn[:2]), min(drawn[:2]), drawn[2])
    ),
    st.builds(Fading, st.integers(1, 1024), TESTS),
    st.builds(Echo, TESTS),
    st.builds(TextEnds, TEXTS),
    st.builds(PositionIs, COMPARISONS, st.integers(0, 300)),
    st.builds(DepthIs, COMPARISONS, st.integers(0, 5)),
    st.builds(Inside, st.sampled_from(["quotes", "brackets", "code"])),
    st.builds(Repeated, st.integers(1, 4096)),
    st.just(Continues()),
    st.just(Always()),
)


def depth_of(predicate: Predicate) -> int:
    match predicate:
        case Not(inner):
            return 1 + depth_of(inner)
        case And(parts) | Or(parts):
            return 1 + max(map(depth_of, parts))
        case _:
            return 1


def _made_of(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, several) | st.builds(Or, several)


PREDICATES = st.recursive(LEAVES, _made_of, max_leaves=6).filter(
    lambda predicate: depth_of(predicate) <= DEEPEST
)
TABLES = st.builds(
    Table, st.integers(0, 64), st.lists(st.tuples(TEXTS, LEVELS), max_size=3).map(tuple)
)


def programs() -> st.SearchStrategy[Program]:
    rules = st.lists(st.builds(Rule, PREDICATES, LEVELS), max_size=4).map(tuple)
    summed = st.builds(Program, LEVELS, rules, st.lists(TABLES, max_size=2).map(tuple))
    ordered = st.builds(Program, LEVELS, rules, st.just(()), st.just("first"))
    return summed | ordered
