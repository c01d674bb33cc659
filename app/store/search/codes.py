"""The sentence embeddings of one store in memory, in eight bits a number, and which are nearest.

Two steps. The signs of all vectors, as bits, are compared with those of the question by how many
differ; signs of random projections keep angles (Charikar 2002), and here the axes are those of the
embedding itself. Of the `WIDE` that differ least, the cosine is computed from the numbers, which
eight bits and a scale for each vector keep to 0.002. Up to `WIDE` vectors nothing can be missed; of
a million with the spectrum of sentence embeddings some of the ten nearest are, as
`patchclamp bench search` measures.
"""

from collections.abc import Collection, Sequence
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

WIDE: Final = 16_384
"""Whose numbers are compared, of those with the most alike signs."""
WORD: Final = 64
BLOCK: Final = 65_536
"""Vectors that are kept together; what is kept never moves, so that nobody waits for a reader."""
AT_ONCE: Final = 256
"""Vectors whose numbers are compared at once: they stay in the processor's cache, and in memory
that need not be asked of the system again."""
SAMPLED: Final = 65_536
FAR: Final = np.uint16(np.iinfo(np.uint16).max)
GONE: Final = -1
LARGEST: Final = 127


class Codes:
    """All vectors of one store that this process has seen: 440 bytes each of 384 numbers."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._blocks: list[_Block] = []
        self._n = 0
        self._n_dims = 0
        self._places = np.full(0, GONE, np.int64)
        """Of each explanation, by id, where its vector is."""

    def add(
        self, ids: Sequence[int], site_ids: Sequence[int], vectors: NDArray[np.float16]
    ) -> None:
        """`vectors` [n, n_dims]; those of explanations that are there already are replaced. Vectors
        of another length drop all that were there: they are of another embedding."""
        with self._lock:
            if vectors.shape[1] != self._n_dims:
                self._blocks, self._n, self._n_dims = [], 0, vectors.shape[1]
                self._places = np.full(0, GONE, np.int64)
            numbers, sites = np.asarray(ids, np.int64), np.asarray(site_ids, np.int32)
            self._forget(numbers)
            done = 0
            while done < len(numbers):
                at, first = divmod(self._n, BLOCK)
                if at == len(self._blocks):
                    self._blocks.append(_Block(self._n_dims))
                part = slice(done, done + BLOCK - first)
                self._blocks[at].put(first, numbers[part], sites[part], vectors[part])
                kept = len(numbers[part])
                self._place(numbers[part], self._n)
                done, self._n = done + kept, self._n + kept

    def forget(self, ids: Sequence[int]) -> None:
        """They are not in the store any longer."""
        with self._lock:
            self._forget(np.asarray(ids, np.int64))

    def nearest(
        self, vector: NDArray[np.float32], n: int, site_ids: Collection[int] | None = None
    ) -> tuple[list[int], list[float]]:
        """Ids and cosines, the nearest first; of these sites only. `vector` has unit length."""
        with self._lock:
            blocks, total = list(self._blocks), self._n
        if not total or len(vector) != self._n_dims:
            return [], []
        signs = signs_of(vector[None])[:, 0]
        sizes = [min(BLOCK, total - BLOCK * at) for at in range(len(blocks))]
        apart = np.concatenate(
            [block.apart(signs, site_ids, k) for block, k in zip(blocks, sizes, strict=True)]
        )
        chosen = _least(apart, WORD * len(signs))
        bounds = np.searchsorted(chosen, np.arange(len(blocks) + 1) * BLOCK)
        parts = [chosen[bounds[at] : bounds[at + 1]] - BLOCK * at for at in range(len(blocks))]
        cosines = np.concatenate(
            [block.cosines(part, vector) for block, part in zip(blocks, parts, strict=True)]
        )
        ids = np.concatenate([block.ids[part] for block, part in zip(blocks, parts, strict=True)])
        best = np.argsort(-cosines, kind="stable")[:n]
        return ids[best].tolist(), cosines[best].tolist()

    def _place(self, ids: NDArray[np.int64], first: int) -> None:
        if int(ids.max()) >= len(self._places):
            places = np.full(max(int(ids.max()) + 1, 3 * len(self._places) // 2), GONE, np.int64)
            places[: len(self._places)] = self._places
            self._places = places
        self._places[ids] = np.arange(first, first + len(ids))

    def _forget(self, ids: NDArray[np.int64]) -> None:
        known = ids[ids < len(self._places)]
        for place in self._places[known].tolist():
            if place != GONE:
                block, at = divmod(place, BLOCK)
                self._blocks[block].sites[at] = GONE
        self._places[known] = GONE


class _Block:
    """Arrays are made for all of a block's vectors; what was never written costs no memory."""

    def __init__(self, n_dims: int) -> None:
        self.ids = np.zeros(BLOCK, np.int64)
        self.sites = np.zeros(BLOCK, np.int32)
        self.signs = np.zeros((-(-n_dims // WORD), BLOCK), np.uint64)
        """[word, vector]: a word of all vectors lies together."""
        self.numbers = np.zeros((BLOCK, n_dims), np.int8)
        self.scales = np.zeros(BLOCK, np.float32)

    def put(
        self,
        first: int,
        ids: NDArray[np.int64],
        sites: NDArray[np.int32],
        vectors: NDArray[np.float16],
    ) -> None:
        part = slice(first, first + len(ids))
        exact = vectors.astype(np.float32)
        scales = np.maximum(np.abs(exact).max(1), np.finfo(np.float32).tiny) / LARGEST
        self.ids[part], self.sites[part] = ids, sites
        self.signs[:, part] = signs_of(exact)
        self.numbers[part] = np.rint(exact / scales[:, None])
        self.scales[part] = scales

    def apart(
        self, signs: NDArray[np.uint64], site_ids: Collection[int] | None, n: int
    ) -> NDArray[np.uint16]:
        """In how many signs each of the first `n` differs; `FAR` for those that are not asked for,
        or gone."""
        apart = np.zeros(n, np.uint16)
        for start in range(0, n, BLOCK // 4):  # a part stays in the processor's cache
            part = slice(start, min(start + BLOCK // 4, n))
            for word, some in zip(signs, self.signs, strict=True):
                apart[part] += np.bitwise_count(some[part] ^ word)
        sites = self.sites[:n]
        if site_ids is None:
            apart[sites == GONE] = FAR
        else:
            apart[~np.isin(sites, list(site_ids))] = FAR
        return apart

    def cosines(self, places: NDArray[np.intp], vector: NDArray[np.float32]) -> NDArray[np.float32]:
        found = np.empty(len(places), np.float32)
        for start in range(0, len(places), AT_ONCE):
            part = places[start : start + AT_ONCE]
            found[start : start + AT_ONCE] = self.numbers[part].astype(np.float32) @ vector
        return found * self.scales[places]


def signs_of(vectors: NDArray[np.floating]) -> NDArray[np.uint64]:
    """[n_dims / 64, n] of `vectors` [n, n_dims]"""
    bits = np.packbits(vectors > 0, axis=1, bitorder="little")
    padded = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8)))
    return np.ascontiguousarray(padded).view("<u8").T


def _least(apart: NDArray[np.uint16], most: int) -> NDArray[np.intp]:
    """Where the least numbers stand, in order: at least `WIDE` where so many are not `FAR`, and at
    most twice as many."""
    step = max(1, len(apart) // SAMPLED)
    for every, wanted in ((step, 1.1 * WIDE / step + 16), (1, WIDE)):
        counts = np.bincount(np.minimum(apart[::every], most + 1), minlength=most + 2)
        reach = int(np.searchsorted(np.cumsum(counts[: most + 1]), wanted))
        near = np.flatnonzero(apart <= min(reach, most))
        if len(near) >= WIDE:
            break
    if len(near) > 2 * WIDE:
        near = np.sort(near[np.argpartition(apart[near], WIDE)[:WIDE]])
    return near
