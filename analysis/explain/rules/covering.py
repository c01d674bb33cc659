"""Exact rules for a unit that has some: one set at one place at a time, each as long as it pays.

Sequential covering (as in RIPPER, Cohen 1995) on what the rules so far leave. What a rule is worth
is the bits that it saves, N/2·log₂(error before/error after) over the N positions of the fit pool,
less the bits that it takes to write down; so a set gets a token more only where the token pays for
being listed. Places are the five last tokens, what induction expects, any of the recent tokens and
their fading; a rule may be narrowed by a second condition (`narrowing`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from analysis.explain.rules.candidates import HALF_LIVES, Candidates, at_slot
from analysis.explain.rules.pursuit import sums_of
from analysis.explain.rules.recency import (
    any_sums,
    explained,
    fading,
    fading_sums,
    gain_by_reach,
    since,
)
from analysis.programs.program import AnyOf, Fading, OneOf, Predicate

RULE_BITS = 25.0
"""Of a rule apart from the tokens that it lists."""
LISTED_BITS = 14.0
REACHES = (4, 8, 16, 32)
LONGEST_REACH = 48
MOST_IN_SET = 60
WORTH_GROWING = 0.02
"""Share of the error that the first token of a recent set must explain."""
MOST_RECENT = 16
"""Tokens of a recent set: they are found one at a time."""


@dataclass(frozen=True, eq=False)
class Cover:
    """A rule found: what it asks, and where (how strongly) it holds on the fit pool."""

    predicate: Predicate
    held: Float32[ndarray, " position"]
    bits: float
    """What writing it down takes."""
    gain: float
    """Squared error that it saves."""


@dataclass(frozen=True, eq=False)
class Rest:
    """What is to be explained: a residual with mean 0."""

    values: Float32[ndarray, " position"]
    error: float

    def worth(self, gain: float | ndarray, bits: float | ndarray) -> ndarray:
        """Bits saved less bits written."""
        left = np.maximum(self.error - gain, 1e-6 * self.error)
        return np.asarray(0.5 * len(self.values) * np.log2(self.error / left) - bits)

    def paying(self, bits: float) -> float:
        """The gain from which on so many bits are paid for."""
        return self.error * (1 - 2.0 ** (-2 * bits / len(self.values)))


def rest_of(values: Float32[ndarray, " position"]) -> Rest:
    values = values - values.mean(dtype=np.float64).astype(np.float32)
    return Rest(values, float(values @ values))


def best_cover(rest: Rest, candidates: Candidates) -> Cover | None:
    """The rule that is worth most, if one is worth anything."""
    found = [*_sets_at_slots(rest, candidates), *_plain(rest, candidates)]
    found += _recent_sets(rest, candidates)
    found = [cover for cover in found if rest.worth(cover.gain, cover.bits) > 0]
    return max(found, key=lambda cover: float(rest.worth(cover.gain, cover.bits)), default=None)


def names_of(types: Sequence[int] | ndarray, candidates: Candidates) -> OneOf:
    """A set of types as a test."""
    places = np.asarray(types, np.int64).tolist()
    return OneOf(tuple(sorted({candidates.lexicon.texts[place] for place in places})))


def cut_types(
    sums: ndarray, counts: ndarray, rest: Rest, *, most: int = MOST_IN_SET
) -> Iterator[ndarray]:
    """The sets of types, one above and one below the mean, that are worth most when listed."""
    # A token must pay for itself; those that could not are left out before they are sorted.
    own = sums**2 / np.maximum(counts, 1)
    there = np.flatnonzero(own > rest.paying(LISTED_BITS))
    means = sums[there] / counts[there]
    for sign in (1.0, -1.0):
        order = there[np.argsort(-sign * means, kind="stable")]
        order = order[sign * sums[order] > 0][:most]
        if len(order):
            gains = explained(np.cumsum(sums[order]), np.cumsum(counts[order]), len(rest.values))
            worth = rest.worth(gains, LISTED_BITS * np.arange(1, len(order) + 1))
            yield order[: int(np.argmax(worth)) + 1]


def _sets_at_slots(rest: Rest, candidates: Candidates) -> Iterator[Cover]:
    """The best of them."""
    best, at, chosen = 0.0, -1, np.zeros(0, np.int64)
    for slot, counts in enumerate(candidates.in_slot):
        row = candidates.slots[slot] + 1
        sums = np.bincount(row, weights=rest.values, minlength=len(counts) + 1)[1:]
        for types in cut_types(sums, counts, rest):
            gain = explained(sums[types].sum(), counts[types].sum(), len(row))
            worth = float(rest.worth(gain, RULE_BITS + LISTED_BITS * len(types)))
            if worth > best:
                best, at, chosen = worth, slot, types
    if at >= 0:
        passing = np.zeros(len(candidates.lexicon.ids) + 1, np.float32)
        passing[chosen] = 1
        held = passing[candidates.slots[at]]
        yield cover_of(at_slot(at, names_of(chosen, candidates)), held, len(chosen), rest)


def cover_of(predicate: Predicate, held: ndarray, n_listed: int, rest: Rest) -> Cover:
    centred = held - held.mean(dtype=np.float64)
    square = float(centred @ centred)
    gain = float(rest.values @ centred) ** 2 / square if square > 0 else 0.0
    bits = RULE_BITS + LISTED_BITS * n_listed
    return Cover(predicate, held.astype(np.float32), bits, gain)


def _plain(rest: Rest, candidates: Candidates) -> Iterator[Cover]:
    """The best of single tokens, affixes, shapes and places."""
    plain = candidates.plain
    if not len(plain):
        return
    sums = sums_of(rest.values, candidates, plain)
    gains = explained(sums, candidates.counts[plain], len(rest.values))
    worth = rest.worth(gains, RULE_BITS + LISTED_BITS * candidates.listed[plain])
    best = int(plain[np.argmax(worth)])
    held = candidates.holds([best]).astype(np.float32)
    yield cover_of(candidates.predicate(best), held, int(candidates.listed[best]), rest)


def _recent_sets(rest: Rest, candidates: Candidates) -> Iterator[Cover]:
    for reach in REACHES:
        types = _grow_any(rest, candidates, reach)
        if types:
            yield _any_cover(types, rest, candidates)
    for half_life in HALF_LIVES:
        types = _grow_fading(rest, candidates, half_life)
        if types:
            yield _fading_cover(types, half_life, rest, candidates)


def _grow_any(rest: Rest, candidates: Candidates, reach: int) -> list[int]:
    """Token by token, each for what it adds to where the others already hold."""
    n_types, n = len(candidates.lexicon.ids), len(rest.values)
    open_there = candidates.counted.copy()
    values = np.zeros(candidates.grid.shape, np.float32)
    values[candidates.counted] = rest.values
    chosen: list[int] = []
    passing = np.zeros(n_types, np.bool_)
    total = covered = worth = 0.0
    while len(chosen) < MOST_RECENT:
        sums, counts = any_sums(
            candidates.grid, candidates.following, values, open_there, reach, n_types
        )
        gains = explained(total + sums, covered + counts, n)
        if chosen:
            gains[np.sign(sums) != np.sign(total)] = 0
        gains[(counts < reach) | passing] = 0
        best = int(np.argmax(gains))
        if not chosen and gains[best] < WORTH_GROWING * rest.error:
            break
        now = float(rest.worth(gains[best], LISTED_BITS * (len(chosen) + 1)))
        if now <= worth + (RULE_BITS if not chosen else 0):
            break
        worth, total, covered = now, total + sums[best], covered + counts[best]
        chosen.append(best)
        passing[best] = True
        fresh = since(candidates.grid, passing) <= reach
        values[fresh] = 0
        open_there &= ~fresh
    return chosen


def _any_cover(types: list[int], rest: Rest, candidates: Candidates) -> Cover:
    """With the reach that explains most."""
    distances = _distances(types, candidates)
    reach = int(np.argmax(gain_by_reach(distances, rest.values, LONGEST_REACH))) + 1
    held = (distances <= reach).astype(np.float32)
    return cover_of(AnyOf(reach, 1, names_of(types, candidates)), held, len(types), rest)


def _distances(types: Sequence[int], candidates: Candidates) -> ndarray:
    return np.asarray(since(candidates.grid, passing_types(types, candidates))[candidates.counted])


def passing_types(types: Sequence[int], candidates: Candidates) -> Bool[ndarray, " type"]:
    passing = np.zeros(len(candidates.lexicon.ids), np.bool_)
    passing[list(types)] = True
    return passing


def _grow_fading(rest: Rest, candidates: Candidates, half_life: int) -> list[int]:
    squares = candidates.fading_squares[half_life]
    chosen: list[int] = []
    held = np.zeros(len(rest.values), np.float32)
    sign, worth, left = 0.0, 0.0, rest.values
    while len(chosen) < MOST_RECENT:
        values = np.zeros(candidates.grid.shape, np.float32)
        values[candidates.counted] = left
        sums = fading_sums(candidates.grid, values, half_life, len(squares))
        gains = np.where(squares > 0.05, sums**2 / np.maximum(squares, 1e-9), 0)
        gains[chosen] = 0
        if sign:
            gains[np.sign(sums) != sign] = 0
        best = int(np.argmax(gains))
        if not chosen and gains[best] < WORTH_GROWING * rest.error:
            break
        trial = fading(candidates.grid, passing_types([*chosen, best], candidates), half_life)
        held = trial[candidates.counted]
        cover = cover_of(AnyOf(1, 1, OneOf(())), held, len(chosen) + 1, rest)
        now = float(rest.worth(cover.gain, cover.bits))
        if now <= worth:
            break
        chosen.append(best)
        worth, sign = now, sign or float(np.sign(sums[best]))
        centred = held - held.mean(dtype=np.float64).astype(np.float32)
        left = rest.values - centred * np.float32((rest.values @ centred) / (centred @ centred))
    return chosen


def _fading_cover(types: list[int], half_life: int, rest: Rest, candidates: Candidates) -> Cover:
    """With the half-life that explains most, near the one that the types were found with."""
    passing = passing_types(types, candidates)
    test = names_of(types, candidates)
    tried = {half_life // 2 + half_life // 4, half_life, half_life + half_life // 2}
    return max(
        (
            cover_of(
                Fading(tries, test),
                fading(candidates.grid, passing, tries)[candidates.counted],
                len(types),
                rest,
            )
            for tries in sorted(tried)
        ),
        key=lambda cover: cover.gain,
    )
