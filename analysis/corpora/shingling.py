"""A document's MinHash signature over word 5-shingles, in memory that its length cannot raise.

Signatures of two texts agree in a place with the probability of the Jaccard similarity of their
sets of shingles (Broder, On the resemblance and containment of documents, 1997). A shingle's hash
is that of its span of bytes, taken from prefix sums of a polynomial hash modulo 2⁶⁴, so that no
Python loop runs over words; the hash functions of the permutations are h ↦ a·h + b modulo 2⁶⁴.

Known bias: writing systems without blanks are cut into single characters (Han, kana) or not at
all (Thai); for the latter only exact duplicates are found.
"""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.corpora.hashing import mix

SHINGLE = 5
N_PERMUTATIONS = 120
_CHUNK = 1 << 15
_AT_ONCE = 512
_IDEOGRAPH = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")
_RANDOM = np.random.Generator(np.random.PCG64(0x5EED))
_BYTE = _RANDOM.integers(0, 2**64, 256, dtype=np.uint64)
_BASE = np.uint64(0x5851F42D4C957F2D)
_BASE_INVERSE = np.uint64(pow(0x5851F42D4C957F2D, -1, 2**64))
_FACTORS = _RANDOM.integers(0, 2**64, N_PERMUTATIONS, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _RANDOM.integers(0, 2**64, N_PERMUTATIONS, dtype=np.uint64)


def sign(normalised: str) -> NDArray[np.uint64]:
    """The signature of a normalised text: N_PERMUTATIONS numbers.

    A text of fewer than five words is one shingle.
    """
    signature = np.full(N_PERMUTATIONS, np.iinfo(np.uint64).max, dtype=np.uint64)
    for shingles in _hash_shingles(_IDEOGRAPH.sub(r" \1 ", normalised).split()):
        unique = np.unique(shingles)
        for low in range(0, len(unique), _AT_ONCE):
            hashed = _FACTORS[:, None] * unique[None, low : low + _AT_ONCE] + _OFFSETS[:, None]
            np.minimum(signature, hashed.min(axis=1), out=signature)
    return mix(signature)


def _hash_shingles(words: list[str]) -> Iterator[NDArray[np.uint64]]:
    """The hashes of all shingles, some thousand at a time."""
    n_shingles = max(len(words) - SHINGLE + 1, 1)
    for start in range(0, n_shingles, _CHUNK):
        part = words[start : start + _CHUNK + SHINGLE - 1]
        data = np.frombuffer((" ".join(part) + " ").encode("utf-8"), dtype=np.uint8)
        ends = np.flatnonzero(data == 32)
        begins = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1] + 1])
        width = min(SHINGLE, len(part))
        begins, ends = begins[: len(begins) - width + 1], ends[width - 1 :]
        yield _hash_spans(data, begins, ends)


def _hash_spans(
    data: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Hash of data[begin:end] per span: (P[end] - P[begin]) · base^-begin, P the prefix sums."""
    n = len(data)
    powers = np.cumprod(np.concatenate([[np.uint64(1)], np.full(n, _BASE)]), dtype=np.uint64)
    prefix = np.zeros(n + 1, dtype=np.uint64)
    np.cumsum(_BYTE[data] * powers[:n], dtype=np.uint64, out=prefix[1:])
    inverses = np.cumprod(
        np.concatenate([[np.uint64(1)], np.full(n, _BASE_INVERSE)]), dtype=np.uint64
    )
    return mix((prefix[ends] - prefix[begins]) * inverses[begins])
