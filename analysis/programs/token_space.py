"""Where a model's tokens lie to each other, and which are nearest to some of them.

Exact, so that every machine answers the same: coordinates are small integers, and their sums and
products are whole numbers that floating point holds without rounding.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int8, Int32, Int64

from analysis.programs.check import Check, go_on

EXACT_IN_FLOAT32 = 2**24
"""Whole numbers up to this, and their sums, are exact in any order of adding."""
AT_ONCE = 256
"""Tokens that are compared with the whole vocabulary in one product."""
BLOCK = 2_048
"""Tokens whose numbers are widened at a time, however many a program names."""


@dataclass(frozen=True, eq=False)
class TokenSpace:
    vectors: Int8[np.ndarray, "vocab dim"]
    """Directions of unit length, times 127; a row of zeros: not known."""
    _ranked: dict[int, Int32[np.ndarray, " rank"]] = field(default_factory=dict, repr=False)

    def nearest(
        self, named: Int64[np.ndarray, "id"], first: int, check: Check = go_on
    ) -> Bool[np.ndarray, "vocab"]:
        """The `first` tokens with the highest cosine to the mean of the named ones; ties by id.

        None where the mean has no direction. Tokens without a direction are never near.
        """
        mask = np.zeros(len(self.vectors), np.bool_)
        if len(named) == 1:
            ranked = self._ranked.get(int(named[0]))
            if ranked is not None and 1 <= first <= len(ranked):
                mask[ranked[:first]] = True
                return mask
        total = self._sum(named, check)
        if first < 1 or not total.any():
            return mask
        cosine = self._products(total, check) * self._inverse_lengths
        known = np.flatnonzero(self._inverse_lengths)
        first = min(first, len(known))
        least = np.partition(cosine[known], len(known) - first)[len(known) - first]
        above = known[cosine[known] > least]
        tied = known[cosine[known] == least]
        mask[above] = True
        mask[tied[: first - len(above)]] = True
        return mask

    def rank(
        self, ids: Int64[np.ndarray, "id"], first: int
    ) -> dict[int, Int32[np.ndarray, " rank"]]:
        """For each of these tokens the `first` nearest, nearest first, as `nearest` has them; they
        are remembered there too. Tokens without a direction are left out."""
        known = np.flatnonzero(self._inverse_lengths)
        first = min(first, len(known))
        todo = ids[self._inverse_lengths[ids] > 0] if first else ids[:0]
        for start in range(0, len(todo), AT_ONCE):
            block = todo[start : start + AT_ONCE]
            products = (self._floats[block] @ self._floats.T)[:, known]
            for token, row in zip(block.tolist(), products, strict=True):
                cosine = row * self._inverse_lengths[known]
                least = np.partition(cosine, len(known) - first)[len(known) - first]
                near = np.flatnonzero(cosine >= least)
                order = near[np.lexsort((near, -cosine[near]))][:first]
                self._ranked[token] = known[order].astype(np.int32)
        return {token: self._ranked[token] for token in todo.tolist()}

    def _sum(self, named: Int64[np.ndarray, "id"], check: Check) -> Int64[np.ndarray, "dim"]:
        total = np.zeros(self.vectors.shape[1], np.int64)
        for start in range(0, len(named), BLOCK):
            check()
            total += self.vectors[named[start : start + BLOCK]].sum(0, dtype=np.int64)
        return total

    def _products(
        self, total: Int64[np.ndarray, "dim"], check: Check
    ) -> Float64[np.ndarray, "vocab"]:
        """Exact inner products of every token with a sum of tokens."""
        check()
        if 127 * int(np.abs(total).sum()) <= EXACT_IN_FLOAT32:
            return (self._floats @ total.astype(np.float32)).astype(np.float64)
        wide, products = total.astype(np.float64), np.empty(len(self.vectors))
        for start in range(0, len(products), BLOCK):
            check()
            block = self.vectors[start : start + BLOCK].astype(np.float64)
            products[start : start + BLOCK] = block @ wide
        return products

    @cached_property
    def _floats(self) -> Float32[np.ndarray, "vocab dim"]:
        return self.vectors.astype(np.float32)

    @cached_property
    def _inverse_lengths(self) -> Float64[np.ndarray, "vocab"]:
        """0 where there is no direction."""
        squares = np.einsum("vd,vd->v", self._floats, self._floats).astype(np.float64)
        inverse = np.zeros(len(squares))
        np.divide(1.0, np.sqrt(squares), out=inverse, where=squares > 0)
        return inverse
