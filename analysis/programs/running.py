"""A program run on windows: what it predicts at each token, and how strongly each rule holds.

Everything is causal and all windows are computed at once. What several programs share on the same
windows is kept in a `Reading`; who runs one program only needs `run_program`.
"""

from functools import reduce

import numpy as np
from jaxtyping import Bool, Float32, Int
from numpy.typing import NDArray

from analysis.programs.check import Check, go_on
from analysis.programs.program import (
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
    PositionIs,
    Predicate,
    Program,
    Repeated,
    Table,
    TextEnds,
)
from analysis.programs.raw_bytes import raw_bytes
from analysis.programs.reading import Reading
from analysis.programs.vocabulary import Vocabulary

FAINTEST = 1e-6
"""Of `fading`: less counts as 0, so that what holds is the same on every machine."""
COMPARE: dict[Comparison, np.ufunc] = {
    "<": np.less,
    "<=": np.less_equal,
    "=": np.equal,
    ">=": np.greater_equal,
    ">": np.greater,
}

Strength = Bool[np.ndarray, "window pos"] | Float32[np.ndarray, "window pos"]


def run_program(
    program: Program,
    tokens: Int[np.ndarray, "window pos"],
    lengths: Int[np.ndarray, "window"],
    vocabulary: Vocabulary,
    check: Check = go_on,
) -> Float32[np.ndarray, "window pos"]:
    """The predicted activation at each token; NaN past a window's end.

    `check` is called before every predicate and table, and between blocks of the vocabulary.
    """
    return predict(program, Reading(tokens, lengths, vocabulary, check))


def predict(program: Program, reading: Reading) -> Float32[np.ndarray, "window pos"]:
    """The predicted activation at each token of a reading; NaN past a window's end."""
    predicted = np.full(reading.shape, program.base, np.float32)
    if program.mode == "first":
        # From the last rule to the first, so that the first that holds has the last word.
        for rule in reversed(program.rules):
            held = strength(rule.predicate, reading)
            predicted[held if held.dtype == np.bool_ else held > 0] = rule.level
    else:
        for rule in program.rules:
            held = strength(rule.predicate, reading)
            predicted += np.multiply(held, np.float32(rule.level), dtype=np.float32)
        for table in program.tables:
            predicted += table_levels(table, reading)
    predicted[~reading.there] = np.nan
    return predicted


def strength(predicate: Predicate, reading: Reading) -> Strength:
    """How strongly a predicate holds at each token: bool, or float32 where `fading` has a part.

    What it says past a window's end means nothing.
    """
    match predicate:
        case Not(inner):
            return _opposite(strength(inner, reading))
        case And(parts):
            return reduce(_product, (strength(part, reading) for part in parts), _always(reading))
        case Or(parts):
            return reduce(_larger, (strength(part, reading) for part in parts), ~_always(reading))
        case _:
            return _strength_of_one(predicate, reading)


def _strength_of_one(predicate: Predicate, reading: Reading) -> Strength:
    reading.check()
    match predicate:
        case At(back, test):
            return _later(reading.passing(test), back)
        case AnyOf(first, last, test):
            return _any_later(reading.passing(test), first, last)
        case Fading(half_life, test):
            return _fading(reading.passing(test), half_life)
        case Echo(test):
            return _after_earlier(reading.passing(test), reading)
        case TextEnds(text):
            return reading.joined.ending(raw_bytes(text))
        case Always():
            return _always(reading)
        case _:
            return _place_of_one(predicate, reading)


def _place_of_one(predicate: Predicate, reading: Reading) -> Strength:
    match predicate:
        case PositionIs(comparison, number):
            holds = _compare(np.arange(reading.shape[1]), comparison, number)
            return np.broadcast_to(holds, reading.shape)
        case DepthIs(comparison, number):
            return _compare(reading.depth, comparison, number)
        case Inside("quotes"):
            return reading.in_quotes
        case Inside("code"):
            return reading.in_code
        case Inside():
            return reading.depth >= 1
        case Repeated(within):
            return _is_recent(reading, within)
        case Continues():
            return reading.continues
        case _:
            raise TypeError(f"{predicate!r} is no predicate")


def table_levels(table: Table, reading: Reading) -> Float32[np.ndarray, "window pos"]:
    """What a table adds at each token."""
    reading.check()
    added = np.zeros(reading.shape, np.float32)
    back, n_pos = table.back, reading.shape[1]
    if back < n_pos:
        levels = reading.vocabulary.levels(table)
        added[:, back:] = levels[reading.tokens[:, : n_pos - back]]
    return added


def _always(reading: Reading) -> Bool[np.ndarray, "window pos"]:
    return np.ones(reading.shape, np.bool_)


def _opposite(held: Strength) -> Strength:
    if held.dtype == np.bool_:
        return ~held
    return np.maximum(np.float32(1) - held, np.float32(0))


def _product(one: Strength, other: Strength) -> Strength:
    if one.dtype == np.bool_ and other.dtype == np.bool_:
        return one & other
    return np.multiply(one, other, dtype=np.float32)


def _larger(one: Strength, other: Strength) -> Strength:
    if one.dtype == np.bool_ and other.dtype == np.bool_:
        return one | other
    return np.maximum(one, other, dtype=np.float32)


def _later(passing: Bool[np.ndarray, "window pos"], back: int) -> Bool[np.ndarray, "window pos"]:
    """What passed `back` places before."""
    if back == 0:
        return passing
    later = np.zeros(passing.shape, np.bool_)
    later[:, back:] = passing[:, : max(passing.shape[1] - back, 0)]
    return later


def _after_earlier(
    passing: Bool[np.ndarray, "window pos"], reading: Reading
) -> Bool[np.ndarray, "window pos"]:
    """Whether what followed the last earlier occurrence of the token passed."""
    if not passing.size:
        return passing
    found: NDArray[np.bool_] = passing.ravel()[reading.after_earlier]
    return found & (reading.earlier >= 0)


def _is_recent(reading: Reading, within: int) -> Bool[np.ndarray, "window pos"]:
    """Whether the token occurred in so many tokens before."""
    apart = np.arange(reading.shape[1]) - reading.earlier
    recent: Bool[np.ndarray, "window pos"] = apart <= within
    return recent & (reading.earlier >= 0)


def _any_later(
    passing: Bool[np.ndarray, "window pos"], first: int, last: int
) -> Bool[np.ndarray, "window pos"]:
    """Whether anything passed from `first` to `last` places before, in doubling steps."""
    found, covered, wanted = passing, 1, first - last + 1
    while covered < wanted:
        step = min(covered, wanted - covered)
        found = found | _later(found, step)
        covered += step
    return _later(found, last)


def _fading(
    passing: Bool[np.ndarray, "window pos"], half_life: int
) -> Float32[np.ndarray, "window pos"]:
    """Sums over 1, 2, 4, … tokens, each from two of half the length; what is fainter is left out.

    Not a matrix product: those differ between machines, and a product this small is slowed down
    by the threads that share it.
    """
    decay = 2.0 ** (-1.0 / half_life)
    faded = _later(passing, 1).astype(np.float32)
    faded *= 1 - decay
    covered = 1
    while covered < passing.shape[1] and decay**covered > FAINTEST / 10:
        faded[:, covered:] += faded[:, :-covered] * np.float32(decay**covered)
        covered *= 2
    faded[faded < FAINTEST] = 0
    return faded


def _compare(
    values: Int[np.ndarray, "*axes"], comparison: Comparison, number: int
) -> Bool[np.ndarray, "*axes"]:
    holds: Bool[np.ndarray, "*axes"] = COMPARE[comparison](values, number)
    return holds
