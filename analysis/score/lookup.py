"""Token lookup: the mean activation per token, shrunk to the unit's mean. Every unit has one.

The level of a token is (Σa + mμ)/(n + m) over its n occurrences on the fit pool, with μ the unit's
mean there and m = 3; tokens that never occurred get μ. Given `same_text`, tokens that are shown by
the same text count as one: a program names tokens by their text and could not tell them apart. Cut
to its best tokens it is the reference for rules of the same length. Fitted for a block of units at
once: sorting the tokens is paid once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int, Int64
from numpy import ndarray

from analysis.programs.program import LARGEST_LEVEL, Program, Table
from analysis.programs.writing import as_written
from analysis.score.pools import Pool

SHRINKAGE = 3.0


@dataclass(frozen=True)
class Lookup:
    """The tables of many units over the same token ids."""

    tokens: Int64[ndarray, " token"]
    """The ids that occur on the fit pool, ascending."""
    base: Float64[ndarray, " unit"]
    """The level of every token that is not listed; NaN where a unit has no finite activation."""
    levels: Float32[ndarray, "unit token"]
    """`base` where not listed."""
    listed: Bool[ndarray, "unit token"]
    sums: Float64[ndarray, "unit token"]
    """Of activations, from which tables are cut."""
    counts: Float64[ndarray, "unit token"]
    same_text: Int64[ndarray, " vocab"] | None = None
    """Of each token id, the one that stands for it in `tokens`; None: each for itself."""

    def of_unit(self, unit: int) -> "Lookup":
        """The tables of that unit alone."""
        one = slice(unit, unit + 1)
        return replace(
            self,
            base=self.base[one],
            levels=self.levels[one],
            listed=self.listed[one],
            sums=self.sums[one],
            counts=self.counts[one],
        )


def fit_lookup(
    actual: Float[ndarray, "unit window pos"],
    tokens: Int[ndarray, "window pos"],
    pool: Pool,
    *,
    same_text: Int64[ndarray, " vocab"] | None = None,
    shrinkage: float = SHRINKAGE,
) -> Lookup:
    """The tables of a block of units; what is not finite is left out."""
    flat = tokens[pool.within]
    if same_text is not None:
        flat = same_text[flat]
    order = np.argsort(flat, kind="stable")
    ids, starts = np.unique(flat[order], return_index=True)
    places = np.flatnonzero(pool.within)[order]
    n_each = np.diff(starts, append=len(flat)).astype(np.float64)
    sums = np.zeros((len(actual), len(ids)))
    counts = np.tile(n_each, (len(actual), 1))
    if len(ids):
        for unit, activations in enumerate(actual.reshape(len(actual), -1)):
            values = activations[places].astype(np.float64)
            finite = np.isfinite(values)
            if not finite.all():
                values = np.where(finite, values, 0)
                counts[unit] = np.add.reduceat(finite.astype(np.float64), starts)
            sums[unit] = np.add.reduceat(values, starts)
    n = counts.sum(1)
    base = np.divide(sums.sum(1), n, out=np.full(len(n), np.nan), where=n > 0)
    levels = (sums + shrinkage * base[:, None]) / (counts + shrinkage)
    return Lookup(
        ids.astype(np.int64), base, levels.astype(np.float32), counts > 0, sums, counts, same_text
    )


def predict_lookup(
    lookup: Lookup, tokens: Int[ndarray, "window pos"]
) -> Float32[ndarray, "unit window pos"]:
    """The level of every token of a text."""
    if lookup.same_text is not None:
        tokens = lookup.same_text[tokens]
    slots = np.searchsorted(lookup.tokens, tokens)
    known = slots < len(lookup.tokens)
    known[known] = lookup.tokens[slots[known]] == tokens[known]
    slots = np.where(known, slots, len(lookup.tokens))
    with_base = np.concatenate([lookup.levels, lookup.base[:, None].astype(np.float32)], axis=1)
    return with_base[:, slots]


def cut_lookup(lookup: Lookup, *, n: int | Sequence[int]) -> Lookup:
    """Of each unit the n tokens whose levels explain most of its variance on fit; n is one number
    for all units, or each unit's own.

    What a token's level saves is its sum of squared errors about the mean less that about the
    level. Tokens left out get their own mean as the base.
    """
    means = np.divide(
        lookup.sums, lookup.counts, out=np.zeros_like(lookup.sums), where=lookup.counts > 0
    )
    before = (means - lookup.base[:, None]) ** 2
    saved = lookup.counts * (before - (means - lookup.levels) ** 2)
    saved = np.where(lookup.listed, np.nan_to_num(saved, nan=-1.0), -1.0)
    each = np.broadcast_to(np.asarray(n, np.int64), len(saved))
    best = np.argsort(-saved, axis=1, kind="stable")[:, : each.max(initial=0)]
    kept = (np.take_along_axis(saved, best, 1) > 0) & (np.arange(best.shape[1]) < each[:, None])
    listed = np.zeros_like(lookup.listed)
    np.put_along_axis(listed, best, kept, axis=1)
    left = np.where(listed, 0, lookup.counts).sum(1)
    rest = np.where(listed, 0, lookup.sums).sum(1)
    base = np.divide(rest, left, out=lookup.base.copy(), where=left > 0)
    levels = np.where(listed, lookup.levels, base[:, None].astype(np.float32))
    return replace(lookup, base=base, levels=levels, listed=listed)


def as_told(lookup: Lookup) -> Lookup:
    """The tables with levels as `lookup_program` writes them, so that predictions are to the last
    bit those of the program when it has been written and read again."""
    levels = np.empty_like(lookup.levels)
    bases = lookup.base.copy()
    for unit in range(len(levels)):
        bases[unit], slots, added = _told(lookup, unit)
        levels[unit] = np.float32(bases[unit])
        levels[unit, slots] += added.astype(np.float32)
    return replace(lookup, base=bases, levels=levels)


def lookup_program(lookup: Lookup, unit: int, texts: Sequence[str]) -> Program:
    """One unit's table as a program, strongest levels first; `texts` says each id's token."""
    base, slots, added = _told(lookup, unit)
    order = np.argsort(-np.abs(added), kind="stable")
    levels = tuple(
        (texts[int(lookup.tokens[slots[at]])], float(added[at])) for at in order.tolist()
    )
    return Program(base=base, tables=(Table(back=0, levels=levels),) if levels else ())


def _told(
    lookup: Lookup, unit: int
) -> tuple[float, Int64[ndarray, " listed"], Float64[ndarray, " listed"]]:
    """The base, which slots are listed, and what they add to it, in the digits of a program."""
    base = float(lookup.base[unit])
    slots = np.flatnonzero(lookup.listed[unit])
    added = lookup.levels[unit, slots].astype(np.float64) - base
    rounded = [_in_digits(level) for level in added.tolist()]
    return _in_digits(base), slots, np.array(rounded, np.float64)


def _in_digits(level: float) -> float:
    """What no program can hold stays what it is."""
    return as_written(level) if abs(level) <= LARGEST_LEVEL else level
