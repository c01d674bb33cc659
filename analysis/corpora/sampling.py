"""The windows of one split while they come in: all of them, or a uniform sample of bounded size.

Every window has a key, a seeded hash of its document's text and its place there. Ordered by key,
windows are in random order whatever order they came in; the first n of that order are a uniform
sample, so that the sample is chosen by keeping the n smallest keys.
"""

from array import array
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.corpora.hashing import GOLDEN, mix, seeded_int

_AT_ONCE = 1 << 14


def _unsigned() -> "array[int]":
    return array("Q")


def _tokens() -> "array[int]":
    return array("I")


@dataclass
class Sample:
    """Windows of one split; `limit` None keeps all. Content only: BOS is added at the end."""

    limit: int | None
    found: int = 0
    n_short: int = 0
    _kept_below: int = 2**64 - 1
    _tokens: "array[int]" = field(default_factory=_tokens)
    _lengths: "array[int]" = field(default_factory=_unsigned)
    _starts: "array[int]" = field(default_factory=_unsigned)
    _documents: "array[int]" = field(default_factory=_unsigned)
    _keys: "array[int]" = field(default_factory=_unsigned)

    def add(
        self,
        tokens: NDArray[np.uint32],
        *,
        document: int,
        sha256: str,
        length: int,
        min_tokens: int,
        seed: int,
    ) -> None:
        """Cuts one document into windows of `length` tokens."""
        starts = np.arange(0, len(tokens), length, dtype=np.int64)
        lengths = np.minimum(length, len(tokens) - starts)
        if len(starts) and lengths[-1] < min(min_tokens, length):
            starts, lengths = starts[:-1], lengths[:-1]
            self.n_short += 1
        self.found += len(starts)
        keys = window_keys(seed, sha256, starts)
        wanted = np.flatnonzero(keys <= np.uint64(self._kept_below))
        if self.limit == 0 or len(wanted) == 0:
            return
        chosen = gather(tokens, starts[wanted], lengths[wanted])
        self._tokens.frombytes(chosen.tobytes())
        self._starts.frombytes(starts[wanted].astype(np.uint64).tobytes())
        self._lengths.frombytes(lengths[wanted].astype(np.uint64).tobytes())
        self._keys.frombytes(keys[wanted].tobytes())
        self._documents.extend([document] * len(wanted))
        if self.limit is not None and len(self._keys) > 2 * self.limit + 1024:
            self._prune()

    @property
    def n_taken(self) -> int:
        return len(self._keys) if self.limit is None else min(self.limit, len(self._keys))

    def order(self) -> NDArray[np.int64]:
        """The windows taken, in random order: indices into what was added."""
        keys = (self._documents, self._starts, self._keys)
        return np.lexsort([self._view(key) for key in keys])[: self.n_taken]

    def n_tokens(self, order: NDArray[np.int64]) -> int:
        """Of these windows, without BOS."""
        return int(self._view(self._lengths)[order].sum())

    def write(
        self,
        order: NDArray[np.int64],
        bos: int | None,
        *,
        tokens: NDArray[np.uint32],
        lengths: NDArray[np.int64],
        documents: NDArray[np.int64],
        starts: NDArray[np.int64],
    ) -> None:
        """Fills the arrays with these windows, BOS first."""
        content = self._view(self._lengths)[order].astype(np.int64)
        source = self._sources()[order]
        extra = 0 if bos is None else 1
        lengths[:] = content + extra
        documents[:] = self._view(self._documents)[order]
        starts[:] = self._view(self._starts)[order]
        ends = np.cumsum(lengths)
        flat = np.frombuffer(self._tokens, dtype=np.uint32)
        for low in range(0, len(order), _AT_ONCE):
            part = slice(low, low + _AT_ONCE)
            begin = (ends - lengths)[part]
            if bos is not None:
                tokens[begin] = bos
            place = spread(begin + extra, content[part])
            tokens[place] = flat[spread(source[part], content[part])]

    def _sources(self) -> NDArray[np.int64]:
        """Where each window begins in the flat tokens."""
        lengths = self._view(self._lengths).astype(np.int64)
        return np.cumsum(lengths) - lengths

    def _prune(self) -> None:
        order = np.sort(self.order())
        lengths = self._view(self._lengths)[order].astype(np.int64)
        flat = np.frombuffer(self._tokens, dtype=np.uint32)
        tokens = gather(flat, self._sources()[order], lengths)
        self._kept_below = int(self._view(self._keys)[order].max())
        for name in ("_lengths", "_starts", "_documents", "_keys"):
            old = getattr(self, name)
            setattr(self, name, array("Q", self._view(old)[order].tobytes()))
        self._tokens = array("I", tokens.tobytes())

    @staticmethod
    def _view(values: "array[int]") -> NDArray[np.uint64]:
        return np.frombuffer(values, dtype=np.uint64)


def window_keys(seed: int, sha256: str, starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """One key per window: uniform over documents and places in them."""
    base = np.uint64(seeded_int(seed, "window", sha256))
    return mix(base + starts.astype(np.uint64) * GOLDEN)


def spread(begins: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """begin, begin + 1, … of every run, one run after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(begins - (ends - lengths), lengths) + np.arange(total)


def gather(
    tokens: NDArray[np.uint32], begins: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """The runs of tokens, joined; in bounded steps, so that indices take little memory."""
    parts = [
        tokens[spread(begins[low : low + _AT_ONCE], lengths[low : low + _AT_ONCE])]
        for low in range(0, len(begins), _AT_ONCE)
    ]
    return np.concatenate([np.empty(0, dtype=np.uint32), *parts])
