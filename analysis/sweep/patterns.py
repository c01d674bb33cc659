"""For heads: which earlier tokens they read, at every position of the windows that are kept.

A pattern is a function of head and window, so patterns are looked up by both: merging is a union.
Only the strongest few sources of each position are kept; the rest of the probability is what they
lack to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Float16, Int64, UInt16, UInt32
from numpy import ndarray
from torch import Tensor

from analysis.sweep import kernels

N_SOURCES = 4
PAIRS_AT_ONCE = 64
"""Of windows of 128 tokens; fewer of longer ones."""

PatternsOf = Callable[
    [Int64[Tensor, " pair"], Int64[Tensor, " pair"]], Float[Tensor, "pair pos pos"]
]
"""(windows of the batch, heads) to the heads' attention patterns."""


@dataclass(frozen=True)
class Pattern:
    sources: UInt16[ndarray, "pos source"]
    """Source positions, strongest first."""
    weights: Float16[ndarray, "pos source"]


@dataclass
class Patterns:
    n_pos: int
    found: dict[tuple[int, int], Pattern] = field(default_factory=dict)
    """(head, window number) to pattern."""

    def read(
        self,
        wanted: Int64[ndarray, "pair 2"],
        windows: UInt32[ndarray, " batch"],
        of: PatternsOf,
    ) -> None:
        """Compute the patterns of the wanted (head, window of the batch) pairs."""
        n_batch = max(PAIRS_AT_ONCE * 128**2 // self.n_pos**2, 1)
        for start in range(0, len(wanted), n_batch):
            heads, batch = torch.from_numpy(wanted[start : start + n_batch].copy()).T
            pattern = of(batch, heads).cpu().numpy()
            sources, weights = kernels.strongest_sources(pattern, N_SOURCES)
            halves = weights.astype(np.float16)
            for i, (head, b) in enumerate(zip(heads.tolist(), batch.tolist(), strict=True)):
                filled = _filled(sources[i], self.n_pos), _filled(halves[i], self.n_pos)
                self.found[head, int(windows[b])] = Pattern(*filled)

    def keep_only(self, windows: UInt32[ndarray, "head slot"]) -> None:
        """Forget patterns of windows that are in no slot of their head."""
        held = {(head, int(number)) for head, row in enumerate(windows) for number in row}
        self.found = {key: pattern for key, pattern in self.found.items() if key in held}

    def merged(self, other: "Patterns") -> "Patterns":
        return Patterns(self.n_pos, self.found | other.found)

    def arrays(self) -> dict[str, ndarray]:
        """For saving: keys in order, and the patterns that belong to them."""
        keys = sorted(self.found)
        nothing = np.zeros((0, self.n_pos, N_SOURCES))
        found = [self.found[key] for key in keys]
        return {
            "keys": np.array(keys, np.int64).reshape(-1, 2),
            "sources": np.stack([p.sources for p in found]) if found else nothing.astype("u2"),
            "weights": np.stack([p.weights for p in found]) if found else nothing.astype("f2"),
        }

    @classmethod
    def from_arrays(cls, n_pos: int, arrays: dict[str, ndarray]) -> "Patterns":
        rows = zip(arrays["keys"].tolist(), arrays["sources"], arrays["weights"], strict=True)
        found = {(head, number): Pattern(s, w) for (head, number), s, w in rows}
        return cls(n_pos, found)


def _filled(rows: ndarray, n_pos: int) -> ndarray:
    """With zeros for the positions that the batch did not have."""
    if len(rows) == n_pos:
        return rows
    return np.concatenate([rows, np.zeros((n_pos - len(rows), rows.shape[1]), rows.dtype)])
