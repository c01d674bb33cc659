"""What the windows that make a unit fire most add to its program.

Random text shows how a unit behaves as a rule, and hardly any of the tokens at which it fires most:
those are rare. So a program that was fitted on the pool is looked at again on the pool and the
unit's stored exemplars of fit together (highest and lowest windows, random ones by interval), and
the tokens, present or preceding, that it leaves most error at become rules of their own. Tokens of
like levels share a rule. Calibration, random text again, decides whether that is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from numpy import ndarray

from analysis.explain.rules.claiming import is_borne_out, r_or_least
from analysis.explain.rules.levels import set_levels
from analysis.programs.length import n_listed
from analysis.programs.program import At, OneOf, Predicate, Program, Rule
from analysis.programs.reading import Reading
from analysis.programs.running import predict, strength
from analysis.programs.writing import as_written

LISTED_SHARE = 2 / 3
"""Of the tokens that a program may list, so many are for the pool; the rest is for exemplars."""
SHRINKAGES = (2.0, 6.0)
"""Of a token's mean, in occurrences: the token itself, the one before."""
LEAST_GAIN = 0.0005
"""Share of the squared error that a token must explain, where each occurrence is predicted from the
others: exemplars were chosen for their peaks, so a token that peaked once tells nothing."""
MOST_TOKENS = 60
"""Per slot."""
BANDS = 3
"""Of levels, by their logarithm: a rule each."""
NARROWEST = 0.3
"""Levels that differ by less than a third share a rule."""
LEVEL_SHRINKAGE = 5.0
WORSE = 0.005
"""r on calibration that may be lost: it has few of the tokens that are gained."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A unit's activations on a text; not finite where nothing is known."""

    reading: Reading
    counted: Bool[ndarray, "window pos"]
    actual: Float32[ndarray, "window pos"]


@dataclass(frozen=True, eq=False)
class _Band:
    """Tokens with similar errors at one place."""

    back: int
    texts: tuple[str, ...]
    """Worth most first."""
    rises: bool
    gain: float


def strengthen(
    program: Program,
    pool: Shown,
    exemplars: Shown,
    calibration: Shown,
    *,
    most_rules: int,
    most_listed: int,
) -> Program:
    """The program with rules from the exemplars, or as it was; one without rules may get its first.

    At most `most_rules` in each tail.
    """
    texts = [_Text(shown) for shown in (pool, exemplars)]
    actual = np.concatenate([text.actual for text in texts])
    if not len(texts[1].actual) or actual.min() == actual.max():
        return program
    found = _with_bands(program, texts, actual, most_rules, most_listed)
    if found is None:
        return program
    there = _Text(calibration)
    before, after = (predict(one, calibration.reading)[there.places] for one in (program, found))
    if not program.rules:
        return found if is_borne_out(there.actual, after) else program
    gained = r_or_least(there.actual, after) - r_or_least(there.actual, before)
    return found if gained >= -WORSE else program


class _Text:
    """The positions at which something is known."""

    def __init__(self, shown: Shown) -> None:
        self.reading = shown.reading
        self.places = shown.counted & np.isfinite(shown.actual)
        self.actual = shown.actual[self.places]

    def tokens(self, back: int) -> Int64[ndarray, " position"]:
        """−1 where the window begins later."""
        tokens: ndarray = self.reading.tokens
        found = np.full(tokens.shape, -1, np.int64)
        found[:, back:] = tokens[:, : tokens.shape[1] - back]
        return found[self.places]

    def held(self, predicates: list[Predicate]) -> Float32[ndarray, "rule position"]:
        rows = [strength(one, self.reading)[self.places] for one in predicates]
        return np.array(rows, np.float32).reshape(len(rows), len(self.actual))


def _with_bands(
    program: Program,
    texts: list[_Text],
    actual: Float32[ndarray, " position"],
    most_rules: int,
    most_listed: int,
) -> Program | None:
    predicates = [rule.predicate for rule in program.rules]
    held = np.concatenate([text.held(predicates) for text in texts], axis=1)
    base, levels = set_levels(held, actual, [LEVEL_SHRINKAGE])[0]
    rest = actual - np.float32(base) - levels.astype(np.float32) @ held
    bands = sorted(_bands(rest, texts), key=lambda band: -band.gain)
    room = {True: most_rules - int((levels > 0).sum()), False: most_rules - int((levels < 0).sum())}
    left = most_listed - n_listed(program)
    added: list[Predicate] = []
    for band in bands:
        listed = band.texts[: max(left, 0)]
        if listed and room[band.rises] > 0:
            room[band.rises] -= 1
            left -= len(listed)
            added.append(At(band.back, OneOf(tuple(sorted(listed)))))
    if not added:
        return None
    predicates += added
    held = np.vstack([held, np.concatenate([text.held(added) for text in texts], axis=1)])
    base, levels = set_levels(held, actual, [LEVEL_SHRINKAGE])[0]
    # With all levels set together, some of the new rules have nothing left to say.
    idle = levels**2 * (held**2).sum(1) < LEAST_GAIN * float(rest @ rest)
    idle[: len(program.rules)] = False
    levels[idle] = 0
    rules = [
        Rule(predicate, as_written(float(level)))
        for predicate, level in zip(predicates, _within(levels, most_rules), strict=True)
        if level
    ]
    rules.sort(key=lambda rule: -rule.level)
    return Program(as_written(base), tuple(rules))


def _within(levels: Float64[ndarray, " rule"], most: int) -> Float64[ndarray, " rule"]:
    """The largest levels of each tail; setting levels anew may turn some over."""
    kept = np.zeros_like(levels)
    for sign in (1.0, -1.0):
        side = np.flatnonzero(sign * levels > 0)
        largest = side[np.argsort(-np.abs(levels[side]), kind="stable")][:most]
        kept[largest] = levels[largest]
    return kept


def _bands(rest: Float32[ndarray, " position"], texts: list[_Text]) -> Iterator[_Band]:
    total = float(rest @ rest)
    for back, shrinkage in enumerate(SHRINKAGES):
        tokens = np.concatenate([text.tokens(back) for text in texts])
        ids, at = np.unique(tokens, return_inverse=True)
        sums, counts = np.bincount(at, weights=rest), np.bincount(at)
        squares = np.bincount(at, weights=rest.astype(np.float64) ** 2)
        means = sums / (counts + shrinkage)
        gains = _gains_from_others(sums, squares, counts, shrinkage)
        gains[ids < 0] = 0
        chosen = np.flatnonzero(gains > LEAST_GAIN * total)
        chosen = chosen[np.argsort(-gains[chosen], kind="stable")][:MOST_TOKENS]
        kept = np.zeros_like(means)
        kept[chosen] = means[chosen]
        rest = rest - kept[at].astype(np.float32)
        vocabulary = texts[0].reading.vocabulary.texts
        for rises in (True, False):
            side = chosen[(means[chosen] > 0) == rises]
            for part in _by_level(side, np.abs(means)):
                names = dict.fromkeys(vocabulary[token] for token in ids[part].tolist())
                yield _Band(back, tuple(names), rises, float(gains[part].sum()))


def _gains_from_others(
    sums: Float64[ndarray, " token"],
    squares: Float64[ndarray, " token"],
    counts: Int64[ndarray, " token"],
    shrinkage: float,
) -> Float64[ndarray, " token"]:
    """Squared error saved where each occurrence e is predicted by the shrunk mean m of the others:
    Σ 2em − m², with m = (Σ − e)/(n − 1 + λ)."""
    others = counts - 1 + shrinkage
    return 2 * (sums**2 - squares) / others - ((counts - 2) * sums**2 + squares) / others**2


def _by_level(
    chosen: Int64[ndarray, " token"], sizes: Float64[ndarray, " type"]
) -> Iterator[Int64[ndarray, " token"]]:
    """Bands of equal width of the logarithm."""
    if not len(chosen):
        return
    logs = np.log(sizes[chosen])
    width = max(float(logs.max() - logs.min()) / BANDS, NARROWEST)
    band = np.minimum(((logs - logs.min()) / width).astype(np.int64), BANDS - 1)
    yield from (chosen[band == number] for number in range(BANDS) if (band == number).any())
