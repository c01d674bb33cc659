"""Which documents say what an earlier one has said, exactly or nearly.

Exact: equal normalised text. Near: MinHash signatures that agree in at least `threshold` of their
places; candidates come from locality-sensitive hashing in 20 bands of 6 (a pair of similarity 0.8
is met with probability 0.998, of 0.7 with 0.92, of 0.5 with 0.27; Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, section 3.4), and are then compared over the whole signature.

Memory is about 0.6 KB per document that was kept, whatever its length. Known bias: a short text
contained in a long one is no duplicate of it.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.corpora.hashing import mix
from analysis.corpora.shingling import N_PERMUTATIONS, sign

N_BANDS = 20
_RECENT = 4096
_ROWS = N_PERMUTATIONS // N_BANDS
_WEIGHTS = np.random.Generator(np.random.PCG64(0xBA4D)).integers(
    0, 2**64, (N_BANDS, _ROWS + 1), dtype=np.uint64
) | np.uint64(1)

Verdict = Literal["new", "exact", "near"]


class Duplicates:
    """The texts seen so far; `threshold` None looks for exact duplicates only."""

    def __init__(self, threshold: float | None) -> None:
        self._threshold = threshold
        self._exact: set[bytes] = set()
        self._signatures = np.empty((0, N_PERMUTATIONS), dtype=np.uint16)
        self._n_signatures = 0
        self._keys = np.empty(0, dtype=np.uint64)
        self._owners = np.empty(0, dtype=np.uint32)
        self._recent: dict[int, list[int]] = {}

    def judge(self, normalised: str, sha256: str) -> Verdict:
        """Whether the text was seen; a new one is remembered."""
        digest = bytes.fromhex(sha256)
        if digest in self._exact:
            return "exact"
        if self._threshold is not None:
            signature = sign(normalised)
            keys = _band_keys(signature)
            short = (signature & np.uint64(0xFFFF)).astype(np.uint16)
            if self._has_near(short, keys, self._threshold):
                return "near"
            self._remember(short, keys)
        self._exact.add(digest)
        return "new"

    def _has_near(
        self, signature: NDArray[np.uint16], keys: NDArray[np.uint64], threshold: float
    ) -> bool:
        owners = {owner for key in keys.tolist() for owner in self._recent.get(key, ())}
        left = np.searchsorted(self._keys, keys, side="left")
        right = np.searchsorted(self._keys, keys, side="right")
        for begin, end in zip(left.tolist(), right.tolist(), strict=True):
            owners.update(self._owners[begin:end].tolist())
        if not owners:
            return False
        agreement = (self._signatures[list(owners)] == signature).mean(axis=1)
        return bool(agreement.max() >= threshold)

    def _remember(self, signature: NDArray[np.uint16], keys: NDArray[np.uint64]) -> None:
        owner = self._n_signatures
        if owner == len(self._signatures):
            room = np.empty((max(_RECENT, owner // 2), N_PERMUTATIONS), dtype=np.uint16)
            self._signatures = np.concatenate([self._signatures, room])
        self._signatures[owner] = signature
        self._n_signatures += 1
        for key in keys.tolist():
            self._recent.setdefault(key, []).append(owner)
        if self._n_signatures % _RECENT == 0:
            self._file_recent()

    def _file_recent(self) -> None:
        """Moves what the dictionary holds into the sorted arrays, a tenth of its size."""
        pairs = [(key, owner) for key, owners in self._recent.items() for owner in owners]
        keys = np.array([key for key, _ in pairs], dtype=np.uint64)
        owners = np.array([owner for _, owner in pairs], dtype=np.uint32)
        all_keys = np.concatenate([self._keys, keys])
        order = np.argsort(all_keys, kind="stable")
        self._keys = all_keys[order]
        self._owners = np.concatenate([self._owners, owners])[order]
        self._recent = {}


def _band_keys(signature: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One key per band; the band's own number is part of it."""
    rows = signature.reshape(N_BANDS, _ROWS)
    mixed = (rows * _WEIGHTS[:, :_ROWS]).sum(axis=1, dtype=np.uint64)
    return mix(mixed + _WEIGHTS[:, _ROWS])
