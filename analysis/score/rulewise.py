"""Every rule of a program as a claim of its own: is its level what other text shows?

In a sum, a rule claims that the activation is higher by its level where it holds, beside all other
rules. What the text says is the slope of a − (â without the rule) on how strongly the rule holds;
of a table, on its entries, so that 1 is what it claims. Where the first rule that holds has its
say, a rule claims that the activation at the tokens it decides is its level instead of what is
otherwise predicted. Intervals draw documents, as for every score. Nothing is fitted.

The claim is the level, not its sign alone: a rule whose interval lies on the claimed side of 0 but
leaves out the level is weaker or stronger than claimed, and not borne out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Float64
from numpy import ndarray

from analysis.programs.program import Program
from analysis.programs.reading import Reading
from analysis.programs.running import predict, strength, table_levels
from analysis.score.bootstrap import intervals
from analysis.score.pools import Pool
from analysis.score.records import or_none

MOST = 200
"""Rules tested one by one: nobody reads more, and each takes a pass over the text."""

ROUNDING = 1e-6
"""Of a level: where a program is exact, its interval is a point beside the level."""

Verdict = Literal[
    "borne out",
    "weaker than claimed",
    "stronger than claimed",
    "refuted",
    "not decided",
    "never held",
]


@dataclass(frozen=True)
class RuleTest:
    """What a text says of one rule."""

    n_held: int
    """Counted tokens at which it holds; of a first-rule list, at which it decides."""
    n_documents: int
    """Documents with such tokens."""
    claimed: float
    """What is claimed to be added where it holds: the level, of a first-rule list the level less
    the base, of a table 1."""
    found: float | None
    """What this text says; None where the rule never holds, or always does."""
    low: float | None
    high: float | None
    """95 % interval, clustered by document; None where it holds in fewer than FEWEST_DOCUMENTS."""

    @property
    def verdict(self) -> Verdict:
        if not self.n_held:
            return "never held"
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return "not decided"
        if self.claimed == 0 or (self.claimed > 0) != (self.low > 0):
            return "refuted"
        rounding = ROUNDING * abs(self.claimed)
        if self.low - rounding <= self.claimed <= self.high + rounding:
            return "borne out"
        nearest = min(abs(self.low), abs(self.high))
        return "stronger than claimed" if nearest > abs(self.claimed) else "weaker than claimed"


def examine_rules(
    program: Program, reading: Reading, actual: Float[ndarray, "window pos"], pool: Pool
) -> list[RuleTest]:
    """Rules in the program's order, then its tables; of more than `MOST` the first. Raises
    ProgramError as running does."""
    counted = pool.within & np.isfinite(actual)
    whole = predict(program, reading).astype(np.float64)
    known = np.nan_to_num(actual.astype(np.float64))
    return [
        _test(held, rest, level, counted, pool)
        for held, rest, level in islice(_claims(program, reading, known, whole), MOST)
    ]


def _claims(
    program: Program,
    reading: Reading,
    actual: Float64[ndarray, "window pos"],
    whole: Float64[ndarray, "window pos"],
) -> Iterator[tuple[ndarray, ndarray, float]]:
    """How strongly each rule holds, what is left for it to say, and what it says."""
    if program.mode == "first":
        free = np.ones(reading.shape, np.bool_)
        for rule in program.rules:
            decides = free & (strength(rule.predicate, reading) > 0)
            free &= ~decides
            rest = actual - np.where(decides, program.base, whole)
            yield decides.astype(np.float64), rest, rule.level - program.base
        return
    for rule in program.rules:
        held = strength(rule.predicate, reading).astype(np.float64)
        yield held, actual - (whole - rule.level * held), rule.level
    for table in program.tables:
        held = table_levels(table, reading).astype(np.float64)
        yield held, actual - (whole - held), 1.0


def _test(
    held: Float64[ndarray, "window pos"],
    rest: Float64[ndarray, "window pos"],
    level: float,
    counted: Bool[ndarray, "window pos"],
    pool: Pool,
) -> RuleTest:
    x, y = np.where(counted, held, 0), np.where(counted, rest, 0)
    there = x != 0
    n_held = int(there.sum())
    if not n_held:
        return RuleTest(0, 0, level, None, None, None)
    sums = np.stack([counted.sum(1), x.sum(1), y.sum(1), (x * x).sum(1), (x * y).sum(1)], axis=1)
    by_document = pool.membership @ sums
    found = float(_slope(by_document.sum(0)[None])[0])
    n_documents = int(np.count_nonzero(pool.membership @ there.any(1)))
    # What decides are the documents with the rule, however many there are without it.
    ends = intervals(_slope(pool.draws @ by_document)[:, None], n_documents)
    low, high = (or_none(end) for end in ends[0])
    return RuleTest(n_held, n_documents, level, or_none(found), low, high)


def _slope(sums: Float64[ndarray, "draw 5"]) -> Float64[ndarray, " draw"]:
    n, x, y, xx, xy = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = xx - x * x / n
        return np.asarray(np.where(spread > 1e-9 * xx, (xy - x * y / n) / spread, np.nan))
