"""Which dimension of a planted model's residual stream means what.

Features are asked for by name; each gets a dimension when it is first asked for.
"""

from dataclasses import dataclass, field

from analysis.programs.program import (
    AnyOf,
    At,
    Continues,
    Echo,
    Fading,
    Predicate,
    Repeated,
    TokenTest,
)

N_CTX = 128
N_CODE = 12
"""Signs of a token's code: enough for 4,096."""
N_NOISE = 12
N_OUT = 8


@dataclass(frozen=True)
class Feature:
    """`kind` of a test: whether the token `amount` back passes, how many of the last `amount` do,
    how much of the text does with that half-life, or what followed the last time."""

    kind: str
    amount: int = 0
    test: TokenTest | None = None


REPEATED, CONTINUES = Feature("repeated"), Feature("continues")
BALANCE_MEAN, BALANCE, LOWEST = Feature("balance mean"), Feature("balance"), Feature("lowest")
NET = Feature("net")
"""Brackets that the token opens less those it closes."""
COUNT = Feature("count")
"""Tokens up to and with this one."""
ONE = Feature("one")
TEXT = Feature("text")
"""1 for every token but BOS."""

LATE = frozenset({"any", "echo", "continues", "balance", "lowest"})
"""Features that only the second layer's neurons can read."""


@dataclass
class Residual:
    size: int = 0
    blocks: dict[str, slice] = field(default_factory=dict)
    features: dict[Feature, int] = field(default_factory=dict)

    def block(self, name: str, size: int) -> slice:
        """The dimensions of something that has several."""
        if name not in self.blocks:
            self.blocks[name] = slice(self.size, self.size + size)
            self.size += size
        return self.blocks[name]

    def __getitem__(self, feature: Feature) -> int:
        if feature not in self.features:
            self.features[feature] = self.size
            self.size += 1
        return self.features[feature]

    def of_kind(self, kind: str, amount: int | None = None) -> list[tuple[Feature, int]]:
        """The features asked for so far."""
        return [
            (feature, dimension)
            for feature, dimension in self.features.items()
            if feature.kind == kind and amount in {None, feature.amount}
        ]


def feature_of(predicate: Predicate) -> Feature:
    """The feature that a predicate without parts is."""
    match predicate:
        case At(0, test):
            return Feature("here", 0, test)
        case At(back, test):
            return Feature("back", back, test)
        case AnyOf(first, 1, test):
            return Feature("any", first, test)
        case Fading(half_life, test):
            return Feature("faded", half_life, test)
        case Echo(test):
            return Feature("echo", 0, test)
        case Repeated():
            return REPEATED
        case Continues():
            return CONTINUES
        case _:
            raise ValueError(f"{predicate!r} cannot be planted")
