"""What a rule may ask of a text, ready for the pursuit: every candidate with where it holds.

Two kinds. A *slot* is a token that stands in a fixed relation to the present one (itself, the four
before it, the one that induction expects); a candidate at a slot is a test of that token, and is
kept as a set of token types, because there are few types and many positions. A *context* holds at
positions that no single token decides (recent words, place, brackets, quotes, repetition), and is
kept as a list of positions. All of it depends on the text alone, and serves every unit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, Integer, UInt
from numpy import ndarray

from analysis.explain.rules.contexts import MOST, MOST_OF_KINDS, RECENT_NEIGHBOURS, find_contexts
from analysis.explain.rules.lexicon import Candidate, Lexicon, make_lexicon
from analysis.explain.rules.overlaps import Overlaps
from analysis.explain.rules.recency import fading_squares, next_same
from analysis.programs.program import (
    Affix,
    AnyOf,
    At,
    Echo,
    Near,
    OneOf,
    Predicate,
    StartsWord,
    TokenTest,
)
from analysis.programs.reading import Reading

BACK = 4
ECHO = BACK + 1
SLOTS = ECHO + 1
FEWEST = (1, 3, 5, 8, 8, 8)
"""Occurrences that a candidate must have, by slot: what is far away needs more evidence."""
HALF_LIVES = (4, 8, 16, 32)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidates at slots come first, then contexts. CSR arrays, for the pursuit."""

    lexicon: Lexicon
    slots: Int32[ndarray, "slot position"]
    """The type that stands at each slot; −1: none."""
    in_slot: Int64[ndarray, "slot type"]
    """How often each type stands there."""
    slot: Int32[ndarray, " at_slot"]
    """Of candidates at slots only, as the three below."""
    chosen: Int32[ndarray, " at_slot"]
    """Which of the lexicon's candidates."""
    type_starts: Int64[ndarray, " at_slot_and_end"]
    types: UInt[ndarray, " type_entry"]
    contexts: tuple[Predicate, ...]
    context_starts: Int64[ndarray, " context_and_end"]
    context_positions: UInt[ndarray, " context_entry"]
    """Small integers where they fit: what is read for every unit should stay in the cache."""
    counts: Float32[ndarray, " candidate"]
    """Positions where it holds; slots and contexts."""
    listed: Int32[ndarray, " candidate"]
    by_type_starts: Int64[ndarray, " slot_type_and_end"]
    """Inverse of `types`: the candidates of each slot and type."""
    by_type: Int32[ndarray, " type_entry"]
    by_position_starts: Int64[ndarray, " position_and_end"]
    """Inverse of `context_positions`: the contexts that hold at each position."""
    by_position: Int32[ndarray, " context_entry"]
    occurrence_starts: Int64[ndarray, "slot type_and_end"]
    """Where each type stands in each slot."""
    occurrences: Int32[ndarray, " slot_position"]
    grid: Int32[ndarray, "window pos"]
    """The type at every place, counted or not; −1 past a window's end."""
    following: Int32[ndarray, "window pos"]
    """Where that type stands next in the window."""
    counted: Bool[ndarray, "window pos"]
    fading_squares: Mapping[int, Float64[ndarray, " type"]]
    """By half-life: Σ (fading of the type)²."""
    overlaps: Overlaps = field(default_factory=Overlaps)

    @property
    def n_positions(self) -> int:
        return self.slots.shape[1]

    @property
    def n_at_slots(self) -> int:
        return len(self.slot)

    @cached_property
    def kinds(self) -> Int64[ndarray, " kind"]:
        """Candidates that list nothing: shapes, and contexts of place and repetition."""
        return np.flatnonzero(self.listed == 0)

    @cached_property
    def kinds_hold(self) -> Bool[ndarray, "kind position"]:
        """Where each of them holds."""
        rows = [self.holds([kind]) for kind in self.kinds.tolist()]
        return np.array(rows, np.bool_).reshape(len(rows), self.n_positions)

    @cached_property
    def plain(self) -> Int32[ndarray, " plain"]:
        """Candidates that are neither neighbourhoods nor about recent words."""
        asks = [*map(self.test_of, range(self.n_at_slots)), *self.contexts]
        return np.array(
            [at for at, asked in enumerate(asks) if not isinstance(asked, Near | AnyOf)], np.int32
        )

    def __len__(self) -> int:
        return len(self.counts)

    def test_of(self, candidate: int) -> TokenTest:
        return self.lexicon.candidates[self.chosen[candidate]].test

    def predicate(self, candidate: int) -> Predicate:
        if candidate >= self.n_at_slots:
            return self.contexts[candidate - self.n_at_slots]
        return at_slot(int(self.slot[candidate]), self.test_of(candidate))

    def places(self, candidate: int) -> Integer[ndarray, " place"]:
        """Where it holds, in no order."""
        context = candidate - self.n_at_slots
        if context >= 0:
            there = slice(self.context_starts[context], self.context_starts[context + 1])
            return self.context_positions[there]
        types = self.types[self.type_starts[candidate] : self.type_starts[candidate + 1]]
        starts = self.occurrence_starts[self.slot[candidate]]
        parts = [self.occurrences[starts[x] : starts[x + 1]] for x in types.tolist()]
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def holds(self, candidates: Sequence[int]) -> Bool[ndarray, " position"]:
        """Where one of them holds."""
        found = np.zeros(self.n_positions, np.bool_)
        for slot in range(SLOTS):
            here = [c for c in candidates if c < self.n_at_slots and self.slot[c] == slot]
            if here:
                passing = np.zeros(len(self.lexicon.ids) + 1, np.bool_)
                for c in here:
                    passing[self.types[self.type_starts[c] : self.type_starts[c + 1]]] = True
                found |= passing[self.slots[slot]]
        for c in candidates:
            context = c - self.n_at_slots
            if context >= 0:
                there = slice(self.context_starts[context], self.context_starts[context + 1])
                found[self.context_positions[there]] = True
        return found


def at_slot(slot: int, test: TokenTest) -> Predicate:
    return Echo(test) if slot == ECHO else At(slot, test)


def make_candidates(reading: Reading, counted: Bool[ndarray, "window pos"]) -> Candidates:
    """Of the counted positions of a text; earlier tokens of a window are seen, counted or not."""
    lexicon = make_lexicon(reading.tokens[reading.there], reading.vocabulary)
    grid = np.searchsorted(lexicon.ids, reading.tokens).astype(np.int32)
    slots = _slots(reading, counted, grid)
    grid[~reading.there] = -1
    n_types = len(lexicon.ids)
    in_slot = np.stack([np.bincount(row[row >= 0], minlength=n_types) for row in slots])
    kept = list(_at_slots(lexicon, in_slot, slots.shape[1]))
    contexts = list(find_contexts(reading, counted, lexicon))
    types = [lexicon.candidates[which].types for _, which, _ in kept]
    slot = np.array([slot for slot, _, _ in kept], np.int32)
    starts = _starts([len(one) for one in types])
    flat = _joined(types)
    keys = np.repeat(slot.astype(np.int64), np.diff(starts)) * n_types + flat
    order = np.argsort(keys, kind="stable")
    owners = np.repeat(np.arange(len(kept)), np.diff(starts))
    places = [there for _, there in contexts]
    context_starts = _starts([len(one) for one in places])
    by_place = np.argsort(_joined(places), kind="stable")
    context_of = np.repeat(np.arange(len(contexts)), np.diff(context_starts))
    occurrence_starts, occurrences = _occurrences(slots, n_types)
    return Candidates(
        lexicon=lexicon,
        slots=slots,
        in_slot=in_slot,
        slot=slot,
        chosen=np.array([which for _, which, _ in kept], np.int32),
        type_starts=starts,
        types=flat.astype(_unsigned(n_types)),
        contexts=tuple(predicate for predicate, _ in contexts),
        context_starts=context_starts,
        context_positions=_joined(places).astype(_unsigned(slots.shape[1])),
        counts=np.array([*(n for _, _, n in kept), *map(len, places)], np.float32),
        listed=np.array(
            [
                *(lexicon.candidates[which].listed for _, which, _ in kept),
                *(isinstance(predicate, AnyOf) for predicate, _ in contexts),
            ],
            np.int32,
        ),
        by_type_starts=np.searchsorted(keys[order], np.arange(SLOTS * n_types + 1)),
        by_type=owners[order].astype(np.int32),
        by_position_starts=np.searchsorted(
            _joined(places)[by_place], np.arange(slots.shape[1] + 1)
        ),
        by_position=context_of[by_place].astype(np.int32),
        occurrence_starts=occurrence_starts,
        occurrences=occurrences,
        grid=grid,
        following=next_same(grid),
        counted=counted,
        fading_squares={h: fading_squares(grid, counted, h, n_types) for h in HALF_LIVES},
    )


def _slots(
    reading: Reading, counted: Bool[ndarray, "window pos"], types: Int32[ndarray, "window pos"]
) -> Int32[ndarray, "slot position"]:
    rows = []
    for back in range(BACK + 1):
        there = np.full(types.shape, -1, np.int32)
        there[:, back:] = types[:, : types.shape[1] - back]
        rows.append(there[counted])
    earlier = reading.earlier
    expected = np.take_along_axis(types, np.clip(earlier + 1, 0, types.shape[1] - 1), 1)
    rows.append(np.where(earlier >= 0, expected, -1)[counted])
    return np.stack(rows).astype(np.int32)


def _at_slots(
    lexicon: Lexicon, in_slot: Int64[ndarray, "slot type"], n_positions: int
) -> Iterator[tuple[int, int, int]]:
    """Slot, candidate of the lexicon, occurrences."""
    for slot in range(SLOTS):
        for which, candidate in enumerate(lexicon.candidates):
            if slot > 1 and not _is_tried_far_away(candidate):
                continue
            if 0 < slot < ECHO and isinstance(candidate.test, StartsWord):
                continue  # a window's first token passes, whatever its text: no matter of types
            n = int(in_slot[slot, candidate.types].sum())
            if FEWEST[slot] <= n <= (MOST if candidate.listed else MOST_OF_KINDS) * n_positions:
                yield slot, which, n


def _is_tried_far_away(candidate: Candidate) -> bool:
    test = candidate.test
    return not (
        (isinstance(test, Near) and test.first < RECENT_NEIGHBOURS)
        or isinstance(test, Affix)
        or (isinstance(test, OneOf) and test.folded)
    )


def _occurrences(
    slots: Int32[ndarray, "slot position"], n_types: int
) -> tuple[Int64[ndarray, "slot type_and_end"], Int32[ndarray, " slot_position"]]:
    starts, places = [], []
    for number, row in enumerate(slots):
        order = np.argsort(row, kind="stable")
        starts.append(np.searchsorted(row[order], np.arange(n_types + 1)) + number * len(row))
        places.append(order)
    return np.stack(starts), np.concatenate(places).astype(np.int32)


def _unsigned(largest: int) -> type:
    return np.uint16 if largest < 2**16 else np.uint32


def _starts(lengths: list[int]) -> Int64[ndarray, " end"]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _joined(arrays: list[ndarray]) -> Int32[ndarray, " entry"]:
    return np.concatenate([np.zeros(0, np.int32), *arrays]).astype(np.int32)
