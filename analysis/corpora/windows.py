"""The windows of a corpus for one tokenizer, held compactly: one array of tokens and offsets.

Windows are numbered 0 … n-1: those of `fit` first, then `calibration`, `test`, and the held-out
domains by name. Within a split their order is random (and chosen by a seeded hash), so that the
first m of a split are a uniform sample of it.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

from analysis.records import Window


@dataclass(frozen=True)
class WindowCounts:
    """Of one split: how many windows were wanted, were there, and were taken."""

    asked: int | None
    """None: all."""
    found: int
    taken: int
    n_short: int
    """Ends of documents left out because they were too short; not among those found."""


@dataclass(frozen=True, eq=False)
class Windows:
    tokens: NDArray[np.uint32]
    """Of all windows, one after the other, BOS included where there is one."""
    offsets: NDArray[np.int64]
    """n + 1; window i is tokens[offsets[i]:offsets[i + 1]]."""
    documents: NDArray[np.int64]
    """Number of each window's document in the corpus."""
    starts: NDArray[np.int64]
    """Offset of its first token in the document, in tokens, without BOS."""
    window_length: int
    """The longest that a window may be, BOS included."""
    bos: int | None
    counts: Mapping[str, WindowCounts]
    """Per split, in order of numbering; a split may have no window."""

    def __post_init__(self) -> None:
        for array in (self.tokens, self.offsets, self.documents, self.starts):
            array.flags.writeable = False
        object.__setattr__(self, "counts", MappingProxyType(dict(self.counts)))

    def __len__(self) -> int:
        return len(self.documents)

    @cached_property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.counts)

    @cached_property
    def _bounds(self) -> list[int]:
        return [0, *accumulate(count.taken for count in self.counts.values())]

    def numbers(self, split: str) -> range:
        """The numbers of a split's windows; the first m are a uniform sample of them."""
        place = self.splits.index(split)
        return range(self._bounds[place], self._bounds[place + 1])

    def split_of(self, number: int) -> str:
        self._check(number)
        return self.splits[bisect_right(self._bounds, number) - 1]

    def tokens_of(self, number: int) -> NDArray[np.uint32]:
        """A view on the window's tokens."""
        self._check(number)
        return self.tokens[self.offsets[number] : self.offsets[number + 1]]

    def window(self, number: int) -> Window:
        return Window(
            number=number,
            document=int(self.documents[number]),
            split=self.split_of(number),
            start=int(self.starts[number]),
            tokens=tuple(self.tokens_of(number).tolist()),
        )

    def batch(
        self, numbers: Sequence[int] | NDArray[np.int64], *, pad: int = 0
    ) -> tuple[Int64[np.ndarray, "batch pos"], Int64[np.ndarray, " batch"]]:
        """Tokens, padded on the right to the longest of these windows, and their lengths."""
        chosen = np.asarray(numbers, dtype=np.int64)
        if len(chosen) and not 0 <= chosen.min() <= chosen.max() < len(self):
            raise IndexError(f"windows are numbered 0 to {len(self) - 1}")
        begins = self.offsets[chosen]
        lengths = self.offsets[chosen + 1] - begins
        positions = np.arange(lengths.max(initial=0))
        there = positions < lengths[:, None]
        tokens = np.full(there.shape, pad, dtype=np.int64)
        tokens[there] = self.tokens[(begins[:, None] + positions)[there]]
        return tokens, lengths

    @cached_property
    def sha256(self) -> str:
        """Of everything that a result can depend on: settings, numbering and tokens."""
        settings: dict[str, Any] = {
            "window_length": self.window_length,
            "bos": self.bos,
            "taken": [[split, count.taken] for split, count in self.counts.items()],
        }
        digest = sha256(json.dumps(settings).encode())
        for array in (self.tokens, self.offsets, self.documents, self.starts):
            digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        return digest.hexdigest()

    def _check(self, number: int) -> None:
        if not 0 <= number < len(self):
            raise IndexError(f"there is no window {number}; they are numbered 0 to {len(self) - 1}")
