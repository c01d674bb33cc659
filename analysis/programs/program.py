"""What a program is: a base level and rules that predict an activation from the tokens up to t.

A program has no variables, no recursion and no code: running one takes time in proportion to its
length times that of the text. `parsing` reads it from text, `writing` is the inverse, `running`
computes it, `english` says it in words, `length` measures it in bits. The grammar is in
docs/programs.md.

Every predicate is a strength at each token: 0 or 1, or for `fading` any number from 0 up. `and` is
the product, `or` the larger one, `not` is 1 − strength (never below 0).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

MOST_RULES = 20_000
MOST_LISTED = 200_000
"""Tokens and texts listed in all sets and tables of a program."""
MOST_CHARACTERS = 4_000_000
MOST_PREDICATES = 50_000
MOST_SCANS = 500
"""Tests of a program that go over a whole vocabulary or text: they take milliseconds each."""
DEEPEST = 16
"""Of nested predicates."""
FARTHEST = 64
"""Tokens that `token[-n]` and `any token[-n..-m]` may look back, at most."""
LONGEST_HALF_LIFE = 1_024
WHOLE_WINDOW = 4_096
"""Tokens that `repeated` looks back unless told otherwise, and at most."""
LONGEST_TEXT = 200
"""Characters of one listed text, affix or regular expression."""
MOST_NEAR = 8_192
LARGEST_NUMBER = 1_000_000
"""Of a position or depth that a program compares with."""
LARGEST_LEVEL = 1e15
"""Sums of 20,000 of these fit in float32, and so does the square of one."""

Shape = Literal[
    "lower", "capitalised", "upper", "mixed", "number", "punctuation", "space", "newline", "other"
]
"""Of a token without surrounding blanks: disjoint, every token has one; see `shapes`."""
Place = Literal["quotes", "brackets", "code"]
Comparison = Literal["<", "<=", "=", ">=", ">"]


@dataclass(frozen=True)
class OneOf:
    """The token is one of these, exactly as in the vocabulary; `folded`: without regard to case and
    surrounding blanks (written `word in`)."""

    texts: tuple[str, ...]
    folded: bool = False


@dataclass(frozen=True)
class Affix:
    """The token starts with, ends with or contains a text; `folded` as in `OneOf`."""

    kind: Literal["starts", "ends", "contains"]
    text: str
    folded: bool = False


@dataclass(frozen=True)
class HasShape:
    shape: Shape


@dataclass(frozen=True)
class StartsWord:
    """The token is more than blanks and begins with one, or is the first of the window."""


@dataclass(frozen=True)
class Matches:
    """The whole token matches a regular expression of the bounded kind; `folded` as in `OneOf`."""

    pattern: str
    folded: bool = False


@dataclass(frozen=True)
class Near:
    """The token is among the `first` tokens of the vocabulary that are nearest to the mean of the
    named ones, by cosine of the model's own token embeddings; the named ones always are."""

    texts: tuple[str, ...]
    first: int


TokenTest: TypeAlias = OneOf | Affix | HasShape | StartsWord | Matches | Near
"""What is true or false of a token by itself."""


@dataclass(frozen=True)
class At:
    """The token `back` places before this one (0: this one) passes; false before the window."""

    back: int
    test: TokenTest


@dataclass(frozen=True)
class AnyOf:
    """Some token from `first` to `last` places back passes; `any token[-8..-1]` is (8, 1)."""

    first: int
    last: int
    test: TokenTest


@dataclass(frozen=True)
class Fading:
    """How much of the recent text passes: Σ 2^(−(j−1)/half_life) over earlier tokens j ≥ 1 that do.

    Times 1 − 2^(−1/half_life), so that it nears 1 where all of a long text passes. Less than a
    millionth counts as 0.
    """

    half_life: int
    test: TokenTest


@dataclass(frozen=True)
class Echo:
    """The token that followed the last earlier occurrence of this token passes: what induction
    expects next. False where this token is new to the window."""

    test: TokenTest


@dataclass(frozen=True)
class TextEnds:
    """The text of the window up to and with this token ends so, however it is cut into tokens."""

    text: str


@dataclass(frozen=True)
class PositionIs:
    """The token's place in the window, from 0."""

    comparison: Comparison
    number: int


@dataclass(frozen=True)
class DepthIs:
    """How many brackets ( [ { of the window are open after this token."""

    comparison: Comparison
    number: int


@dataclass(frozen=True)
class Inside:
    """Quotes: after an odd number of double quotes in the paragraph, or within “ ”. Brackets: at
    depth 1 or more. Code: in a line that is code by its shape (see docs/programs.md)."""

    place: Place


@dataclass(frozen=True)
class Repeated:
    """This token occurred in the last `within` tokens before."""

    within: int = WHOLE_WINDOW


@dataclass(frozen=True)
class Continues:
    """This token after the one before it occurred earlier in the window, side by side (the bigram
    is repeated: induction)."""


@dataclass(frozen=True)
class Always:
    """At every token."""


@dataclass(frozen=True)
class Not:
    inner: "Predicate"


@dataclass(frozen=True)
class And:
    parts: tuple["Predicate", ...]


@dataclass(frozen=True)
class Or:
    parts: tuple["Predicate", ...]


Predicate: TypeAlias = (
    At
    | AnyOf
    | Fading
    | Echo
    | TextEnds
    | PositionIs
    | DepthIs
    | Inside
    | Repeated
    | Continues
    | Always
    | Not
    | And
    | Or
)


@dataclass(frozen=True)
class Rule:
    """When the predicate holds, the level: added (mode `sum`), or the prediction (mode `first`)."""

    predicate: Predicate
    level: float


@dataclass(frozen=True)
class Table:
    """A level for each listed token that stands `back` places before (0: this one); added.

    Tokens that are not listed add nothing. For lookup tables, which are references rather than
    explanations.
    """

    back: int
    levels: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Program:
    """`sum`: base + Σ level · strength + tables. `first`: the level of the first rule whose
    strength is above 0, else the base; it has no tables."""

    base: float
    rules: tuple[Rule, ...] = ()
    tables: tuple[Table, ...] = ()
    mode: Literal["sum", "first"] = "sum"
